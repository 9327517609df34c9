use super::{Sentences, split};

/// `expect` is the text with `|` at each boundary.
fn check(expect: &str) {
    let text = expect.replace('|', "");
    assert_eq!(split(&text).join("|"), expect);
    assert_eq!(stream(&text, 1).join("|"), expect, "one character at a time");
}

fn stream(text: &str, seed: u64) -> Vec<String> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut sentences = Sentences::default();
    let mut out = Vec::new();
    let chars: Vec<char> = text.chars().collect();
    let mut rest = chars.as_slice();
    while !rest.is_empty() {
        let take = if seed == 1 { 1 } else { random.usize(0..=rest.len().min(9)) };
        let (delta, behind) = rest.split_at(take);
        out.extend(sentences.push(&delta.iter().collect::<String>()));
        rest = behind;
    }
    out.extend(sentences.finish());
    out
}

#[test]
fn ends() {
    check("工研院成立於1973年。|總部在新竹！|真的嗎？|是的");
    check("It was founded in 1973. |Its seat is Hsinchu! |Really? |Yes.");
    check("他想了想……|然後走了。");
    check("真的嗎？！|對。");
    check("What?! |Yes.");
    check("好!|走吧?|行");
    check("混合 text 結束。|Then English. |再中文。");
    check("Hello. ");
    check("  Hello. |World");
}

#[test]
fn quotes_and_brackets() {
    check("他說：「你好。」|她走了。");
    check("「為什麼？」|「因為。」");
    check("他走了。|「真的？」|她問。");
    check("（見圖。）|下一句。");
    check("「為什麼？」、「怎麼會？」的聲音。|對。");
    check("He said \"Stop.\" |Then he left.");
    check("\"Why?\" she asked. |\"Because.\"");
    check("他說\"好。\"|她走了。");
    check("他走了。|\"好。\"");
    check("(It works.) |Good.");
    check("“Yes.” |“No.” |End");
    check("He left. |'Why?' |Nobody knew.");
    check("「拿了就走！」的商店開了。");
}

#[test]
fn abbreviations() {
    check("Dr. Su met Mr. Chen and Mrs. Lin. |They talked.");
    check("Some tools, e.g. lasers, i.e. light. |Good.");
    check("See No. 5 and Fig. 3. |No. |I won't.");
    check("St. Mary Street in the U.S. market is long. |Yes.");
    check("Acme Inc. and Foo Ltd. and Bar Co. merged. |Done.");
    check("J. K. Rowling wrote it. |She did.");
    check("Open at 9 a.m. on Monday. |Closed at 5 p.m. |The door shuts.");
    check("He and I. |They left.");
}

#[test]
fn numbers_and_names() {
    check("It rose by 7.7 or 3.5% in R&D 100 terms. |Good.");
    check("See https://www.itri.org.tw/a.b?c=1.2 for it. |Good.");
    check("Is it http://x.tw/?Q=1! |Yes.");
    check("Well... maybe. |Yes");
    check("版本 3.5。|完");
    check("Run app.exe now. |Done");
    check("node.js?a!b");
}

#[test]
fn newlines() {
    check("# 標題\n\n|內容一\n|內容二。\n|- 項目");
    check("One\r\n|Two");
    check("1. 電子所。\n|2. 資通所。\n|3. Done");
    check("\n\nfirst");
    check("Mr.\n|Chen");
}

#[test]
fn odd_input() {
    assert!(split("").is_empty());
    assert!(split(" \n ").is_empty());
    check("。。。|x");
    check("...");
    check("」」。」");
    check(&format!("{}a.b.c. |Done", " ".repeat(9)));
    check("\"");
    check("! a");
}

#[test]
fn a_streams_sentences_do_not_depend_on_its_chunks() {
    let pieces = [
        "工研院",
        "。",
        "！",
        "？",
        "…",
        ".",
        ". ",
        "...",
        "」",
        "「",
        "\"",
        "'",
        "\n",
        " ",
        "Dr",
        "U.S",
        "7.7",
        "a",
        "B",
        "https://x.tw/?a",
        "，",
        "(",
        ")",
        "”",
        "1",
        "a.m",
        "的",
        "\u{3000}",
        "?",
        "!",
    ];
    for seed in 2..3_000 {
        let mut random = fastrand::Rng::with_seed(seed);
        let text: String = (0..random.usize(0..30)).filter_map(|_| random.choice(pieces)).collect();
        let whole = split(&text);
        assert_eq!(stream(&text, seed), whole, "{text:?}");
        if !text.trim().is_empty() {
            assert_eq!(whole.concat(), text);
        }
        assert!(whole.iter().all(|sentence| !sentence.trim().is_empty()), "{text:?}: {whole:?}");
    }
}

#[test]
fn a_megabyte_without_an_end_is_read_once() {
    for unit in ["a", " ", ".", "。", "\"", "工", "://", "」"] {
        let text = unit.repeat(1_000_000 / unit.len());
        let begun = std::time::Instant::now();
        let mut sentences = Sentences::default();
        let mut out = 0;
        for chunk in text.as_bytes().chunks(3 * unit.len()) {
            out += sentences.push(std::str::from_utf8(chunk).unwrap()).len();
        }
        assert_eq!(out, 0, "{unit:?}");
        assert!(begun.elapsed().as_secs() < 10, "{unit:?} took {:?}", begun.elapsed());
    }
}
