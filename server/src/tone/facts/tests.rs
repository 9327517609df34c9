//! What a conversion keeps and what it loses.

mod cases;

use super::{Watch, missing, unsupported};
use crate::language::Lang;

#[track_caller]
fn keeps(plain: &str, converted: &str) {
    loses(plain, converted, &[]);
}

/// Whole, cut in two at every place, and in single characters.
#[track_caller]
fn loses(plain: &str, converted: &str, expect: &[&str]) {
    assert_eq!(missing(plain, converted), expect, "{plain} => {converted}");
    let places: Vec<usize> = converted.char_indices().map(|(at, _)| at).chain([converted.len()]).collect();
    for at in &places {
        let mut watch = Watch::over(plain);
        watch.push(&converted[..*at]);
        watch.push(&converted[*at..]);
        assert_eq!(watch.finish(), expect, "{plain} => {converted}, cut at {at}");
    }
    let mut watch = Watch::over(plain);
    places.windows(2).for_each(|pair| watch.push(&converted[pair[0]..pair[1]]));
    assert_eq!(watch.finish(), expect, "{plain} => {converted}");
}

#[test]
fn hard_cases() {
    let (kept, lost) =
        (cases::KEPT.iter().map(|(plain, converted)| (plain, converted, &[][..])), cases::LOST);
    let wrong: Vec<_> = kept
        .chain(lost.iter().map(|(plain, converted, expect)| (plain, converted, *expect)))
        .filter(|(plain, converted, expect)| missing(plain, converted) != *expect)
        .map(|(plain, converted, expect)| {
            format!("{plain} => {converted}: {:?}, not {expect:?}", missing(plain, converted))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (plain, converted) in cases::KEPT {
        keeps(plain, converted);
    }
    for (plain, converted, expect) in cases::LOST {
        loses(plain, converted, expect);
    }
}

#[test]
fn what_nobody_gave_is_told() {
    let wrong: Vec<_> = cases::SAID
        .iter()
        .map(|(said, sources, expect)| {
            let is_translated = sources.iter().all(|source| Lang::of(source) != Lang::of(said));
            (said, unsupported(said, is_translated, sources.iter().copied()), expect)
        })
        .filter(|(_, told, expect)| told != *expect)
        .map(|(said, told, expect)| format!("{said}: {told:?}, not {expect:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_stray_ideograph_makes_no_english_answer_chinese() {
    let said = "ITRI is a major public institute in 新竹 County, founded in 1973, with offices in Japan.";
    let sources = ["工研院位於新竹，民國62年成立，在日本設有辦公室。"];
    assert_eq!(unsupported(said, true, sources), Vec::<String>::new());
}

#[test]
fn numbers_in_all_spellings_are_one() {
    for (plain, converted) in [
        ("超過6,000名研發人員", "有六千名夥伴"),
        ("1,000 people", "1000 people"),
        ("1000 people", "one thousand people"),
        ("一千人", "1,000人"),
        ("循環約7.7次", "每小時七點七次"),
        ("一九七三年", "1973 年"),
        ("三萬件專利", "30,000 件專利"),
        ("３萬件", "三萬件"),
        ("累積超過三萬件專利", "多達3萬件"),
        ("255 items", "兩百五十五個"),
        ("thirty thousand patents", "30,000 patents"),
        ("30 thousand patents", "thirty thousand patents"),
        ("資產總額約249.8億元", "249.8 億元"),
        ("1.5 million visitors", "1,500,000 visitors"),
        ("3億5000萬", "三億五千萬"),
        ("two hundred and fifty-five", "255"),
        ("founded in nineteen seventy-three", "founded in 1973"),
        ("達50%", "百分之五十"),
        ("50 percent of it", "50% of it"),
        ("七成的民眾", "70%的民眾"),
        ("the 1970s", "the 1970s!"),
        ("2.0", "2"),
        ("1975 年推動", "１９７５年推動"),
        ("四大領域", "4大領域"),
        ("中文二號電腦", "中文2號電腦"),
        ("兩座館", "2座館"),
    ] {
        keeps(plain, converted);
    }
}

#[test]
fn lost_numbers_are_told_as_they_stand() {
    loses("超過6,000名研發人員", "超過5,000名", &["6,000"]);
    loses("in 1973 with 30 people", "in 1937 with thirty people", &["1973"]);
    loses("三萬件專利", "三千件專利", &["三萬"]);
    loses("達50%", "達50元", &["50%"]);
    loses("249.8億元", "249.8萬元", &["249.8億"]);
    loses("7.7次", "7次", &["7.7"]);
    loses("1 and 2 and 2 and 3", "one", &["2", "3"]);
    loses("thirty thousand patents", "many patents", &["thirty thousand"]);
    loses("六台風扇", "風扇", &["六"]);
}

#[test]
fn dates_of_both_calendars() {
    for (plain, converted) in [
        ("1973年7月1日", "July 1, 1973"),
        ("1973-07-01", "1973年7月1日"),
        ("July 1, 1973", "1 July 1973"),
        ("On 1973-07-01 it began", "It began on July 1st, 1973"),
        ("民國62年", "1973年"),
        ("1973年", "民國六十二年"),
        ("一九七三年七月一日", "1973/7/1"),
        ("Dec 10, 2025", "December 10, 2025"),
        ("1973年7月1日", "1973年的夏天,7月1日那天"),
    ] {
        keeps(plain, converted);
    }
    loses("1973年7月1日成立", "1973年7月2日成立", &["1973年7月1日"]);
    loses("July 1, 1973", "July 1, 1974", &["July 1, 1973"]);
    loses("民國62年", "1974年", &["民國62年"]);
    loses("1973-07-01", "1973-07-02", &["1973-07-01"]);
}

#[test]
fn telephone_numbers_by_their_digits() {
    keeps("電話：+886-3-5820100", "請撥 +886 3 582 0100");
    keeps("電話：+886-3-5820100", "請撥 (03) 582-0100");
    loses("電話：+886-3-5820100", "電話：+886-3-5820045", &["+886-3-5820100"]);
}

#[test]
fn names() {
    for (plain, converted) in [
        ("工研院（ITRI）", "itri 就是工研院"),
        ("R&D 100 大獎", "全球百大 R&D 100 大獎"),
        ("X-STORE 無人商店", "無人商店 X-Store"),
        ("X-STORE", "X STORE"),
        ("Micro LED 顯示", "Micro LED 螢幕"),
        ("It was led by Morris Chang.", "Morris Chang led it."),
        ("Visitors can see it.", "You can see it."),
        ("The museum is large.", "It's large."),
        ("However, this works. Then we go.", "This works."),
        ("5G/6G 通訊", "5G 與 6G 通訊"),
        ("I think so", "So they say"),
        ("Dr. Chang founded TSMC", "TSMC was founded by Chang"),
    ] {
        keeps(plain, converted);
    }
    loses("ITRI was founded", "It was founded", &["ITRI"]);
    loses("led by Morris Chang in Hsinchu", "led by Morris in Hsinchu", &["Morris Chang"]);
    loses("與統一超商（7-Eleven）合作", "與統一超商合作", &["7-Eleven"]);
    loses("R&D 100 大獎", "大獎", &["R&D", "100"]);
    loses("採用 Micro LED 技術", "採用技術", &["Micro LED"]);
    loses("the Ministry of Economic Affairs", "the ministry", &["Ministry of Economic Affairs"]);
    loses("6G 基地台", "基地台", &["6G"]);
}

#[test]
fn quoted_terms() {
    keeps("以「科技研發」為任務", "以科技研發為任務");
    keeps("稱為『矽島』", "稱為「矽島」");
    keeps("the “Green Energy” hall", "the 'green energy' hall");
    loses("榮獲「國家永續發展獎」", "獲獎", &["國家永續發展獎"]);
    loses("《工研院史》", "一本書", &["工研院史"]);
    loses("the \"light gallery\" opens", "the gallery opens", &["light gallery"]);
}

#[test]
fn nothing_is_no_fact() {
    keeps("", "");
    keeps("這是一個博物館，十分有趣，萬一迷路請問人。", "博物館很好玩。");
    keeps("One of the finest places", "A fine place");
    keeps("發光二極體是一種半導體", "發光元件是半導體");
}

#[test]
fn a_text_loses_nothing_of_itself() {
    const PIECES: &[&str] = &[
        "1,",
        "000",
        "三",
        "萬",
        "點",
        "七",
        "年",
        "月",
        "日",
        "民國",
        "百分之",
        "%",
        "「",
        "」",
        "\"",
        "July ",
        "1",
        " ",
        "ITRI",
        "R&D",
        "-",
        "+886",
        "(0",
        "thirty ",
        "thousand ",
        "a ",
        "hundred ",
        "and ",
        "Morris ",
        "。",
        ". ",
        "餘",
        "億",
        "成",
        "零",
        "十",
        "百",
        "'s",
        "é",
        "🙂",
        "\n",
        "9999999999999999999",
        "million",
        "of ",
        "，",
        "５",
        ",",
        ".",
        "週",
        "星期",
        "半",
        "分之",
        "/",
        ":",
        "am ",
        "third ",
        "half of ",
        "a@itri.org.tw",
        "www.",
        "折",
        "個",
        "年代",
        "第",
        "Mon",
        "Sundays ",
        "幾",
        "兩",
        "下午",
        "!",
        "LEDs ",
    ];
    let mut random = fastrand::Rng::with_seed(11);
    for _ in 0..10_000 {
        let text: String = (0..random.usize(0..16)).map(|_| PIECES[random.usize(0..PIECES.len())]).collect();
        assert_eq!(missing(&text, &text), Vec::<String>::new(), "{text}");
        assert_eq!(unsupported(&text, false, [text.as_str()]), Vec::<String>::new(), "{text}");
        for lost in missing(&text, "") {
            assert!(text.contains(&lost), "{text}: {lost}");
        }
        let other: String = (0..random.usize(0..16)).map(|_| PIECES[random.usize(0..PIECES.len())]).collect();
        let mut watch = Watch::over(&text);
        other.chars().for_each(|c| watch.push(c.encode_utf8(&mut [0; 4])));
        assert_eq!(watch.finish(), missing(&text, &other), "{text} => {other}");
    }
}
