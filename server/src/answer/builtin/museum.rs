//! What a newcomer may ask the sample museum, and what the answer must hold.

use super::{extract, standalone, unknown};
use crate::knowledge::Knowledge;
use crate::language::Lang;

/// The reply to a question after another question and its reply; with how many documents it quotes.
fn reply(knowledge: &Knowledge, question: &str, last: Option<(&str, &str)>) -> (String, usize) {
    let (last_question, last_answer) = last.unwrap_or_default();
    let question = standalone(question, last_question, last_answer);
    let passages = knowledge.search(&question, None, 2_500);
    let extract = extract(&question, Lang::of(&question), &passages);
    (extract.text, extract.used.len())
}

fn check(rows: &[(&str, &str)]) {
    check_in(&Knowledge::sample(), rows);
}

/// All rows' misses at once. `""`: a refusal. Else all of the strings between bars must be there.
pub(super) fn check_in(knowledge: &Knowledge, rows: &[(&str, &str)]) {
    let mut misses = Vec::new();
    for (asked, expect) in rows {
        // Questions between bars follow each other; the last is looked at.
        let mut last: Option<(&str, String)> = None;
        let mut quoted = 0;
        for question in asked.split(" | ") {
            let (answer, used) =
                reply(knowledge, question, last.as_ref().map(|(asked, said)| (*asked, said.as_str())));
            last = Some((question, answer));
            quoted = used;
        }
        let answer = last.unwrap_or_default().1;
        let refused = answer == unknown(Lang::of(&answer));
        let right = if expect.is_empty() { refused } else { expect.split('|').all(|it| answer.contains(it)) };
        let sourced = !refused || quoted == 0;
        if !right || !sourced {
            misses.push(format!("{asked}\n   expected {expect:?}\n   {answer}"));
        }
    }
    assert!(misses.is_empty(), "{} of {}:\n{}", misses.len(), rows.len(), misses.join("\n"));
}

#[test]
fn english() {
    check(&[
        ("Who founded the museum?", "Lin Hai-ching"),
        ("Who started the museum?", "Lin Hai-ching"),
        ("How tall is the clock?", "3.2 metres"),
        ("How tall is the clock? | and who made it?", "Hsu Wen-shan"),
        ("How tall is the clock? | When was it made?", "1931"),
        ("How tall is the clock? | Where is it?", "floor 1"),
        ("How tall is the clock? | tell me more", "Great Tide Clock"),
        ("What is the Rain Organ? | who made it?", "Tseng Ho-sheng"),
        ("free entry?", "under 6"),
        ("What is this place?", "small museum"),
        ("Where am I?", "small museum"),
        ("What is 2+2?", ""),
        ("help", "Ask me about"),
        ("How old is the museum?", "1987"),
        ("Are you open tomorrow?", "10:00 am"),
        ("When do you close today?", "5:00 pm"),
        ("Is it open on Christmas?", "Christmas"),
        ("Are you open on Monday?", "closed on Mondays"),
        ("ticket price for seniors", "80 NT"),
        ("How much is a ticket?", "150 NT"),
        ("coffee", "coffee"),
        ("Where are the toilets?", "floor 1"),
        ("Where is the clock?", "entrance hall"),
        ("Tell me about the clock", "The Great Tide Clock is 3.2 metres"),
        ("<b>x</b> how tall is the clock?", "3.2 metres"),
        ("How much are tickets? Where can I park? Where are the toilets?", "150 NT|park"),
        ("Hello, how are you?", "I am well"),
        ("Hello 你好", "您好"),
        ("thanks, bye", "Goodbye"),
        ("are you a robot?", "machine"),
        ("Hi! Where is the Salt Room?", "floor 1"),
        ("Can I take photos?", "photos"),
        ("Is there parking?", "26 spaces"),
        ("How heavy is the lens?", "920"),
        ("What is a spring tide?", "largest tide"),
        ("What is the phone number?", "02-5550-0134"),
        ("Which exhibits are on the third floor?", "Heron Point Lens"),
        ("Can I bring my dog?", "guide dogs"),
        ("When was the Eiffel Tower built?", ""),
        ("Who is the president of France?", ""),
        ("2+2", ""),
        ("What time is it?", ""),
        ("Do you sell cars?", ""),
        ("How far is the moon from Mars?", ""),
        ("Who painted the Mona Lisa?", ""),
        ("asdf qwer", ""),
        ("How many gears does the clock have?", "214"),
        ("Tell me about the founder", "The founder of the museum was"),
        ("senior discount?", "80 NT"),
        ("When did the founder die?", "2011"),
        ("How old is the clock?", "1931"),
        ("When was the Great Wall built?", ""),
        ("Do you speak Japanese?", ""),
        ("Do you have an ice rink?", ""),
        ("What is the capital of France?", ""),
    ]);
}

#[test]
fn chinese() {
    check(&[
        ("誰創立了博物館？", "林海晴"),
        ("誰創辦了博物館？", "林海晴"),
        ("博物館是誰創辦的？", "林海晴"),
        ("這座鐘有多高？", "3.2 公尺"),
        ("這座鐘有多高？ | 那是誰做的？", "許聞山"),
        ("這座鐘有多高？ | 什麼時候做的？", "1931"),
        ("這座鐘有多高？ | 在哪裡？", "1 樓"),
        ("這座鐘有多高？ | 那是誰做的？ | 在哪裡？", "1 樓"),
        ("雨風琴是什麼？ | 誰做的？", "曾和聲"),
        ("鹽室在哪裡？ | 再多說一點", "鹽"),
        ("可以免費入場嗎？", "免費"),
        ("這裡是什麼地方？", "小博物館"),
        ("我在哪裡？", "小博物館"),
        ("博物館成立多久了？", "1987"),
        ("今天有開嗎？", "上午 10:00"),
        ("明天有開嗎？", "上午 10:00"),
        ("聖誕節有開嗎？", "聖誕節"),
        ("星期一有開嗎？", "星期一休館"),
        ("幾點關門？", "下午 5:00"),
        ("老人票多少錢？", "80 元"),
        ("門票多少錢？", "150 元"),
        ("咖啡", "咖啡"),
        ("厕所在哪里？", "1 樓"),
        ("博物馆几点开门", "上午 10:00"),
        ("洗手間在哪？", "1 樓"),
        ("大潮汐鐘在哪裡？", "1 樓"),
        ("介紹一下大潮汐鐘", "3.2 公尺"),
        ("<b>哈</b>這座鐘有多高？", "3.2 公尺"),
        ("門票多少錢？哪裡可以停車？廁所在哪裡？", "150 元|停車場"),
        ("你好嗎？", "我很好"),
        ("謝謝，再見", "再見"),
        ("你是機器人嗎？", "機器"),
        ("你好，鹽室在哪裡？", "1 樓"),
        ("可以拍照嗎？", "可以拍照"),
        ("透鏡有多重？", "920 公斤"),
        ("什麼是大潮？", "漲得最高"),
        ("博物館的電話是多少？", "02-5550-0134"),
        ("三樓有哪些展品？", "鷺鼻燈塔透鏡"),
        ("可以帶狗嗎？", "導盲犬"),
        ("法國總統是誰？", ""),
        ("艾菲爾鐵塔是什麼時候建的？", ""),
        ("現在幾點？", ""),
        ("台北的天氣如何？", ""),
        ("你們賣汽車嗎？", ""),
        ("蒙娜麗莎是誰畫的？", ""),
        ("霧笛有多重？ | 在幾樓？", "3 樓"),
        ("舢舨有多長？ | 是誰造的？", "張阿木"),
        ("創辦人是誰？", "林海晴"),
        ("你喜歡披薩嗎？", ""),
        ("東京鐵塔有多高？", ""),
        ("法國的首都是哪裡？", ""),
        ("有溜冰場嗎？", ""),
    ]);
}
