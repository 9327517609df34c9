//! What is turned, what never is, and that cuts don't matter.

use std::borrow::Cow;

use super::Traditional;
use super::table::{Form, table};

/// Turns a text that comes in these deltas.
fn turned<'a>(deltas: impl IntoIterator<Item = &'a str>) -> String {
    let mut stream = Traditional::default();
    let mut out = String::new();
    for delta in deltas {
        out.push_str(&stream.push(delta));
    }
    out.push_str(&stream.finish());
    out
}

/// The text cut in two at every place, and into single characters.
fn cuts(text: &str) -> Vec<Vec<&str>> {
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let mut all: Vec<Vec<&str>> = places.iter().map(|at| vec![&text[..*at], &text[*at..]]).collect();
    all.push(places.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect());
    all
}

#[track_caller]
fn turns(from: &str, to: &str) {
    assert_eq!(turned([from]), to);
    for deltas in cuts(from) {
        assert_eq!(turned(deltas.iter().copied()), to, "{deltas:?}");
    }
}

#[test]
fn characters_that_only_simplified_has() {
    for (from, to) in [
        ("欢迎来到台湾工业技术研究院博物馆！", "歡迎來到台灣工業技術研究院博物館！"),
        ("这里有超过三万件专利，您觉得怎么样？", "這里有超過三萬件專利，您覺得怎麼樣？"),
        ("工研院在1973年成立，与产业并肩。", "工研院在1973年成立，與產業並肩。"),
        ("我们说“科学”，看着电脑。", "我們說“科學”，看著電腦。"),
        ("the 电 of ITRI", "the 電 of ITRI"),
        ("經濟与技术", "經濟與技術"),
        ("価値と浄化", "価値と浄化"),
        ("愿望，乡愿", "願望，鄉愿"),
    ] {
        turns(from, to);
    }
}

#[test]
fn the_neighbours_tell_the_form() {
    for (from, to) in [
        ("头发展示，从头发展", "頭發展示，從頭發展"),
        ("理发师剪了长发，发型很好", "理髮師剪了長髮，髮型很好"),
        ("院长发函，成长发展", "院長發函，成長發展"),
        ("白发老人发现发电机", "白髮老人發現發電機"),
        ("研发带动产业", "研發帶動產業"),
        ("恢复、复杂、答复、覆盖、重复", "恢復、複雜、答覆、覆蓋、重複"),
        ("历史与日历", "歷史與日曆"),
        ("获奖的人收获很多", "獲獎的人收穫很多"),
        ("时钟、钟情、五点钟", "時鐘、鍾情、五點鐘"),
        ("词汇与外汇", "詞彙與外匯"),
        ("尽管尽力", "儘管盡力"),
        ("当然，叮当响", "當然，叮噹響"),
        ("心脏很脏", "心臟很髒"),
        ("论坛上的酒坛", "論壇上的酒罈"),
        ("团队吃饭团", "團隊吃飯糰"),
        ("纤维，纤夫", "纖維，縴夫"),
        ("苏州，复苏", "蘇州，復甦"),
        ("签名与标签", "簽名與標籤"),
        ("饥饿与饥荒", "飢餓與饑荒"),
        ("可恶，恶心", "可惡，噁心"),
        ("摆设，下摆", "擺設，下襬"),
        ("合并，并且，并购", "合併，並且，併購"),
        ("几位老人与茶几", "幾位老人與茶几"),
        ("什么老么", "什麼老么"),
        ("位于新竹，于右任", "位於新竹，于右任"),
        ("拮据与证据", "拮据與證據"),
        ("万俟先生有一万元", "万俟先生有一萬元"),
        ("胜肽胜过", "胜肽勝過"),
        ("涂料、涂先生", "塗料、涂先生"),
        ("村庄，端庄，庄严", "村莊，端莊，莊嚴"),
        ("须要胡须", "須要胡鬚"),
    ] {
        turns(from, to);
    }
}

#[test]
fn what_taiwan_writes_is_never_touched() {
    for text in [
        "蘇姿丰在台灣，離公里外的皇后大道不遠，干涉、面積、松樹只准采風，征服北斗。",
        "系所、云云、剩余的余先生、手表、周先生游泳、制度、山谷、姜太公、范仲淹、人才、致詞、症狀。",
        "厘米、沈先生、岳飛、杰出、雇主、發霉、佳肴、晒衣、親昵、洼地、泄漏、璇璣。",
        "仿佛、占領、昇平、布料、回顧、了解、合作、家具、升級、出版、向前、志工、注意。",
        "Plain ASCII, with numbers 1,234.5 and “quotes”.",
        "絵文字🙂と漢字、浄化、碁",
        "",
    ] {
        turns(text, text);
        assert!(matches!(Traditional::default().push(text), Cow::Borrowed(_)), "{text}");
    }
    for text in ["老么坐在茶几旁，于右任在海淀的街庄遇見涂先生。", "生活拮据；胜肽、并州、万俟、鄉愿。"]
    {
        turns(text, text);
    }
}

#[test]
fn nothing_waits_that_needn_t() {
    for (deltas, goes_out) in [
        (&["欢", "迎", "來"][..], &["歡", "迎", "來"][..]),
        (&["头", "发", "很"], &["頭", "", "髮很"]),
        (&["的", "发", "。"], &["的", "", "發。"]),
        (&["出发"], &["出"]),
        (&["ITRI", " "], &["ITRI", " "]),
    ] {
        let mut stream = Traditional::default();
        for (delta, out) in deltas.iter().zip(goes_out) {
            assert_eq!(&stream.push(delta), out, "{deltas:?}");
        }
    }
}

#[test]
fn cuts_never_matter_and_little_is_held() {
    const POOL: &str = "头发展型复杂兴历史日获收钟先情汇词尽管当叮脏心坛团纤夫苏签标饥荒恶心摆并购且几个么什于位庄严涂料淀据拮万俟胜肽一。a1 🙂須髮";
    let pool: Vec<char> = POOL.chars().collect();
    let mut random = fastrand::Rng::with_seed(5);
    for _ in 0..20_000 {
        let text: String = (0..random.usize(0..12)).map(|_| pool[random.usize(0..pool.len())]).collect();
        let whole = turned([text.as_str()]);
        assert_eq!(whole.chars().count(), text.chars().count());
        let mut stream = Traditional::default();
        let (mut out, mut pushed) = (String::new(), 0);
        for c in text.chars() {
            out.push_str(&stream.push(c.encode_utf8(&mut [0; 4])));
            pushed += 1;
            assert!(pushed - out.chars().count() <= 2, "{text}");
        }
        out.push_str(&stream.finish());
        assert_eq!(out, whole, "{text}");
    }
}

#[test]
fn no_form_is_itself_simplified() {
    let mut turned = 0;
    for c in ('\u{4e00}'..='\u{9fff}').filter(|c| table().form(*c) != Form::Same) {
        turned += 1;
        if let Form::Always(form) = table().form(c) {
            assert_eq!(table().form(form), Form::Same, "{c} {form}");
        }
    }
    assert!(turned > 2500, "{turned}");
}
