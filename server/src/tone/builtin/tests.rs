//! Conversions read well, keep facts, and say nothing they should not.

use super::*;

const ZH: &str = "工業技術研究院（ITRI）成立於1973年，是台灣最大的應用研究機構。工研院擁有超過六千位研發人員，累積三萬件專利。\
    它率先投入積體電路研發，孕育了台積電等公司。你可以在「歷史光廊」看到中文二號電腦。";
const EN: &str = "ITRI was founded on July 5, 1973, and is Taiwan's largest applied research institute. It has more than \
    6,000 researchers and about 30,000 patents. Morris Chang was its president from 1985. You can see the “Light Gallery” on the first floor.";

fn sentences(text: &str) -> Vec<&str> {
    text.split_inclusive(['。', '！', '？']).flat_map(|s| s.split_inclusive(". ")).collect()
}

fn framed(text: &str, tone: Tone, lang: Lang, description: Option<&str>) -> String {
    let frame = Frame { persona: persona(tone, lang), lang, hash: hash(text) };
    let polite = matches!(tone, Tone::ElderFriendly | Tone::ProfessionalFriendly) && lang == Lang::ZhHant;
    let body = if polite { respectfully(text) } else { text.to_owned() };
    frame.around(&sentences(&body), description.and_then(mention::find).as_ref())
}

#[test]
fn all_samples_keep_their_facts() {
    for tone in Tone::ALL {
        for (answer, lang) in [(ZH, Lang::ZhHant), (EN, Lang::En)] {
            for description in [
                None,
                Some("a woman in a floral dress"),
                Some("拿著雨傘的男子"),
                Some("a smiling man in blue jeans"),
                Some("微笑的人"),
            ] {
                let text = framed(answer, tone, lang, description);
                println!("{} {}\n{text}\n", tone.as_str(), lang.as_str());
                assert_eq!(facts::missing(answer, &text), Vec::<String>::new(), "{text}");
                assert!(!text.contains("  ") && !text.contains("。。") && !text.contains("{}"), "{text}");
                assert_eq!(text, framed(answer, tone, lang, description), "one answer reads the same twice");
            }
        }
    }
}

#[test]
fn the_first_sentence_mentions_the_dress() {
    let first = |tone, lang, description| {
        let text = convert(if lang == Lang::En { EN } else { ZH }, tone, lang, Some(description));
        sentences(&text).first().map(|s| (*s).to_owned()).unwrap_or_default()
    };
    for tone in Tone::ALL {
        assert!(first(tone, Lang::ZhHant, "a woman in a floral dress").contains("碎花洋裝"));
        assert!(
            convert(EN, tone, Lang::En, Some("穿碎花洋裝的女孩"))
                .split_inclusive(['!', '.'])
                .next()
                .is_some_and(|s| s.contains("floral dress"))
        );
        assert!(!convert(EN, tone, Lang::En, Some("an old man in a wheelchair")).contains("wheelchair"));
    }
}

#[test]
fn politeness_stays_out_of_quotations() {
    assert_eq!(respectfully("你好，「你是誰」是你們的展覽，妳看。"), "您好，「你是誰」是各位的展覽，您看。");
    for tone in [Tone::ElderFriendly, Tone::ProfessionalFriendly] {
        assert!(convert("你可以看展。", tone, Lang::ZhHant, None).contains("您可以看展。"));
    }
    assert!(convert("你可以看展。", Tone::CasualFriendly, Lang::ZhHant, None).contains("你可以看展。"));
}

#[test]
fn an_honest_answer_stays_honest() {
    for tone in Tone::ALL {
        for (answer, lang) in [
            ("I don't know. The documents say nothing about it.", Lang::En),
            ("我不知道，館內資料沒有提到這件事。", Lang::ZhHant),
        ] {
            let text = convert(answer, tone, lang, None);
            println!("{text}");
            let persona = persona(tone, lang);
            assert!(text.contains(answer), "{text}");
            let cheer = persona.openings.iter().filter(|opening| !persona.unknown_openings.contains(opening));
            assert!(!cheer.clone().any(|opening| text.contains(opening)), "{text}");
            assert!(!persona.closings.iter().any(|closing| text.contains(closing)), "{text}");
        }
    }
}

#[test]
fn small_talk_stays_short_and_a_refusal_pays_no_compliment() {
    for tone in Tone::ALL {
        for (asked, lang) in [("Hi!", Lang::En), ("謝謝，再見", Lang::ZhHant)] {
            let reply = crate::answer::builtin::extract(asked, lang, &[]).text;
            assert_eq!(convert(&reply, tone, lang, Some("a red coat")), reply);
        }
        let refusal = crate::answer::builtin::extract("2+2", Lang::En, &[]).text;
        let text = convert(&refusal, tone, Lang::En, Some("a red coat"));
        assert!(text.contains(&refusal) && !text.contains("coat"), "{text}");
    }
}

#[test]
fn lists_keep_their_shape() {
    let list = "There are two halls:\n- the Light Gallery\n- the Green Hall";
    let text = convert(list, Tone::CasualFriendly, Lang::En, None);
    assert!(text.contains(list), "{text}");
    assert!(text.lines().count() == 4, "{text}");
    assert_eq!(convert("  ", Tone::ChildFriendly, Lang::En, Some("a red hat")), "");
}

#[test]
fn phrases_vary_from_answer_to_answer() {
    let openings: std::collections::HashSet<&str> = (0..50)
        .map(|i| {
            let answer = format!("Answer {i}.");
            Frame { persona: persona(Tone::ElderFriendly, Lang::En), lang: Lang::En, hash: hash(&answer) }
                .draw(persona(Tone::ElderFriendly, Lang::En).openings, 0)
        })
        .collect();
    assert_eq!(openings.len(), 3);
}

#[test]
fn any_answer_keeps_its_facts() {
    const PIECES: &[&str] = &[
        "1,",
        "000",
        "三萬",
        "七點七",
        "年",
        "民國62年",
        "50%",
        "「你",
        "」",
        "“",
        "”",
        "\"",
        "July 1, 1973",
        " ",
        "ITRI",
        "R&D 100",
        "-",
        "+886-3-5820100",
        "thirty thousand",
        "Morris Chang",
        "。",
        ". ",
        "你們",
        "！",
        "\n",
        "?",
        "我不知道",
        "，",
        "5G",
        "a ",
        "🙂",
        "…",
        "(",
        "- ",
    ];
    let mut random = fastrand::Rng::with_seed(5);
    for _ in 0..1_500 {
        let answer: String =
            (0..random.usize(0..16)).map(|_| PIECES[random.usize(0..PIECES.len())]).collect();
        for tone in Tone::ALL {
            for lang in [Lang::En, Lang::ZhHant] {
                let text = convert(&answer, tone, lang, Some("a red coat"));
                assert_eq!(facts::missing(&answer, &text), Vec::<String>::new(), "{answer:?} => {text:?}");
            }
        }
    }
}

#[test]
fn nothing_is_put_into_a_quotation() {
    let answer =
        "Our documents answer this in Chinese: 「工研院成立於1973年。總部在新竹。它有六千人。它有專利。」";
    for tone in Tone::ALL {
        assert!(convert(answer, tone, Lang::En, None).contains(answer), "{tone:?}");
    }
}

#[test]
fn compliments_stand_before_content_only() {
    assert!(super::has_content("The clock is 3.2 metres tall."));
    assert!(!super::has_content("I don't know. That is not in this house's documents."));
    assert!(!super::has_content("我不知道，館方的文件裡沒有這項資料。"));
}
