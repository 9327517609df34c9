use super::{is_character, terms, words};

/// `expect` are the terms, joined by a space.
fn check(text: &str, expect: &str) {
    assert_eq!(words(text).join(" "), expect, "{text}");
}

#[test]
fn english() {
    check("What is ITRI?", "itri");
    check("Which robots were invented there?", "robot invent");
    check("ITRI's labs", "itri lab");
    check("Who are you?", "who are you");
}

#[test]
fn compounds_and_numbers() {
    check("X-STORE", "xstor stor");
    check("R&D 100", "rd 100");
    check("eFuse 3D 7.7 3.5%", "efus 3d 7.7 3.5");
    check("5419-3836", "54193836 5419 3836");
    check("1,000", "1000");
    check("1990s", "1990s 1990");
    check("ＡＢ１２", "ab12");
}

#[test]
fn chinese() {
    check("工研院是什麼？", "工研院");
    check("積體電路如何製造？", "積體電路 製造");
    check("臺北的博物館", "台北 博物館");
    check("第十三屆院士", "第十 三屆 院士 13");
    check("吳政忠董事長", "吳 吳政 政 政忠 忠 董事長");
    check("院長是誰", "院長");
}

#[test]
fn odd_input() {
    check("", "");
    check("？！ \u{0} 🙂", "");
    check("的", "的");
    check("-a- .5. 'x'", "5 x");
}

#[test]
fn an_index_takes_pieces_too() {
    assert_eq!(terms("電話 ITRI").join(" "), "電話 itri 電 話");
    assert_eq!(terms("董事長").join(" "), "董事長 董 事 長 董事 事長");
    assert!(is_character("營") && !is_character("營收") && !is_character("a") && !is_character(""));
}
