use std::time::{Duration, Instant};

use super::{MAX_ANSWER_CHARS, extract, standalone};
use crate::event::Source;
use crate::knowledge::Passage;
use crate::language::Lang;

fn passage(title: &str, text: &str) -> Passage {
    let source = Source { title: title.into(), file: "a.json".into(), score: 0.5 };
    Passage { source, text: text.into(), position: 1, nearness: None }
}

fn house() -> Vec<Passage> {
    vec![
        passage(
            "The Water Clock",
            "The Water Clock is a clock driven by falling water. It was built in 1984 by Dr. Ada Reed. \
             It is 7.7 metres high. Children love its bells.",
        ),
        passage("水鐘", "水鐘是以落水驅動的時鐘。它在1984年由李明博士建成。高7.7公尺，設於入口大廳。"),
        passage("Where can I leave my coat?", "The cloakroom is beside the entrance. It is free of charge."),
        passage("館長", "館長王小明負責全館營運。聯絡電話：02-2345-6789。"),
        passage("The Loom", "The Loom weaves silk. It stands on the second floor."),
    ]
}

/// The answer to a question must hold `expect`.
fn check(question: &str, expect: &str) {
    let answer = extract(question, Lang::of(question), &house()).text;
    assert!(answer.contains(expect), "{question}: {answer}");
}

#[test]
fn answers() {
    check("What is the Water Clock?", "The Water Clock is a clock driven by falling water.");
    check("When was the Water Clock built?", "1984");
    check("How high is the Water Clock?", "It is 7.7 metres high.");
    check("Who built the Water Clock?", "Dr. Ada Reed");
    check("水鐘是什麼？", "水鐘是以落水驅動的時鐘。");
    check("水鐘是誰建的？", "李明博士");
    check("館長的電話是多少？", "02-2345-6789");
    check("Where can I leave my coat?", "The cloakroom is beside the entrance.");
    check("Where do I leave a coat?", "cloakroom");
}

#[test]
fn refusals() {
    for question in [
        "How much does the Water Clock cost?",
        "What time does the Water Clock ring?",
        "Who won the world cup?",
        "Is there parking?",
    ] {
        check(question, "I don't know");
    }
    for question in ["水鐘賣多少錢？", "館長的薪水是多少？", "有停車場嗎？", "今天開到幾點？"]
    {
        check(question, "我不知道");
    }
    assert!(extract("What is it?", Lang::En, &[]).text.contains("I don't know"));
    assert!(extract("這是什麼？", Lang::ZhHant, &[]).text.contains("我不知道"));
}

#[test]
fn documents_in_the_other_language_are_quoted_as_such() {
    let english = [passage("ITRI", "ITRI is a research institute. It was founded in 1973.")];
    let chinese = [passage("ITRI", "工研院（ITRI）是研究機構，成立於1973年。")];
    let answer = extract("ITRI 是什麼？", Lang::ZhHant, &english).text;
    assert!(answer.starts_with("館方文件以英文記載：“ITRI is") && answer.ends_with('”'), "{answer}");
    let answer = extract("What is ITRI?", Lang::En, &chinese).text;
    assert_eq!(answer, "Our documents answer this in Chinese: 「工研院（ITRI）是研究機構，成立於1973年。」");
}

/// As a search by meaning gives them: the form of a question is near though its thing is not.
#[test]
fn near_in_meaning_is_not_enough() {
    let near = |title: &str, text: &str| Passage { nearness: Some(4.0), ..passage(title, text) };
    let strollers = [near("Can I borrow a stroller?", "Yes. There are four strollers at the desk.")];
    let tours = [near("有導覽嗎？", "有。週六和週日下午兩點有中文導覽。")];
    for (question, passages, expect) in [
        ("Can I borrow a camera?", &strollers, "I don't know"),
        ("Do you have parking?", &strollers, "I don't know"),
        ("Can I borrow a pushchair?", &strollers, "Yes. There are four strollers"),
        ("How many strollers are there?", &strollers, "There are four strollers"),
        ("有嬰兒車嗎？", &strollers, "There are four strollers"),
        ("有餐廳嗎？", &strollers, "我不知道"),
        ("有餐廳嗎？", &tours, "我不知道"),
        ("星期一有導覽嗎？", &tours, "我不知道"),
        ("有導覽嗎？", &tours, "有。週六和週日"),
        ("星期六有導覽嗎？", &tours, "週六和週日下午兩點"),
        ("Is there a tour?", &tours, "週六和週日下午兩點"),
        ("Is there a restaurant?", &tours, "I don't know"),
    ] {
        let answer = extract(question, Lang::of(question), passages).text;
        assert!(answer.contains(expect), "{question}: {answer}");
    }
}

#[test]
fn small_talk() {
    check("Hello!", "Hello");
    check("你好", "您好");
    check("謝謝！", "不客氣");
    check("Who are you?", "guide");
    check("你是誰？", "導覽員");
}

#[test]
fn lists_are_read_whole_and_without_marks() {
    let rooms = [passage("Rooms", "The rooms are:\n- Hall: clocks\n- Loft: looms\n1. Yard")];
    let answer = extract("What are the rooms?", Lang::En, &rooms).text;
    assert_eq!(answer, "The rooms are: Hall: clocks. Loft: looms. Yard.");
}

#[test]
fn a_follow_up_takes_what_it_refers_to() {
    let answer = "現任院長是王小明。他很忙。";
    assert_eq!(
        standalone("他什麼時候上任的？", "院長是誰？", answer),
        "他什麼時候上任的？\n現任院長是王小明。"
    );
    assert_eq!(standalone("水鐘多高？", "院長是誰？", answer), "水鐘多高？");
    assert_eq!(standalone("Is there a shop?", "Who?", "Ada."), "Is there a shop?");
    let refused = super::unknown(Lang::En);
    assert_eq!(
        standalone("When was it built?", "What is the Loom?", refused),
        "When was it built?\nWhat is the Loom?"
    );
}

#[test]
fn odd_input_is_answered_in_time_and_in_size() {
    let pieces = [
        "工研院",
        "是",
        "什麼",
        "？",
        "的",
        "多少",
        "ITRI",
        " ",
        "\n",
        "「",
        "」",
        ".",
        "7.7",
        "é",
        "🙂",
        "\u{0}",
        "-",
        "how many ",
        "電話",
        "一",
    ];
    let mut random = fastrand::Rng::with_seed(7);
    let mut text = |most: usize| -> String {
        (0..random.usize(0..most))
            .filter_map(|n| pieces.get((n * 7 + random.usize(0..20)) % pieces.len()).copied())
            .collect()
    };
    for _ in 0..300 {
        let question = text(40);
        let passages: Vec<_> = (0..3).map(|_| passage(&text(6), &text(150))).collect();
        for lang in [Lang::En, Lang::ZhHant] {
            let answer = extract(&question, lang, &passages).text;
            assert!(
                !answer.is_empty() && answer.chars().count() <= MAX_ANSWER_CHARS,
                "{question:?}: {answer:?}"
            );
        }
    }
    let long = "工研院的研究員使用水鐘".repeat(400);
    let passages: Vec<_> = (0..6).map(|n| passage("水鐘", &long[n * 33..(n + 40) * 33])).collect();
    let begun = Instant::now();
    let answer = extract(&long[..12_000], Lang::ZhHant, &passages).text;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?} without optimisation", begun.elapsed());
    assert!(answer.chars().count() <= MAX_ANSWER_CHARS);
}
