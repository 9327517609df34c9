//! Words of one meaning, in both languages: a visitor's word is seldom the house's.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use super::words;
use crate::language::is_han;

/// Words of one meaning, a group a line, for what anything may have: it is asked in whatever words, and told in others.
const ATTRIBUTES: &[&str] = &[
    "heavy weigh weight kilogram kg tonne ton gram 重 多重 重量 公斤 公噸",
    "tall high height 高 多高 高度",
    "long length metre meter mile kilometre km minute hour day week month year 長 多長 長度",
    "wide width 寬 多寬 寬度",
    "made make maker built build create construct old",
    "做 造 建 製作 製造 建造 打造 創作",
    "founded found founder establish start",
    "創辦 創立 創建 成立 設立",
    "die died death 過世 逝世",
    "price cost fee dollar pay charge free 錢 價格 票價 費用 收費 免費",
    "open close hour 開放 開館 營業 開門 關門 閉館 休館 公休 打烊 開放時間",
];

/// The same for what visitors ask for in every house. A word may stand in several groups; what stands behind a `>` is
/// told to whoever asks for what stands before it, and not the other way round.
const THINGS: &[&str] = &[
    "restore repair renovate 修復 整修 修繕 修理",
    "discover found 發現",
    "invent 發明",
    "design 設計",
    "touch 觸摸 摸 觸碰",
    "last final latest 最後 最晚",
    "上任 接任 就任 擔任 出任 任期 任職 任內",
    "sell buy purchase serve 賣 販售 買 購買",
    "ticket entry admission 門票 票 入場 入館 票價",
    "ticket entry admission 門票 票 > adult 成人 全票 票價",
    "discount concession reduced 優惠 折扣 半價",
    "child kid 兒童 小孩 孩童 小朋友 孩子",
    "baby infant toddler 嬰兒 寶寶 幼兒",
    "adult 成人 大人 全票",
    "student 學生",
    "senior elderly pensioner retired 老人 長者 敬老 年長者",
    "family 家庭",
    "group 團體",
    "photo picture 拍照 照片 攝影 照相",
    "camera 相機",
    "toilet restroom washroom bathroom lavatory wc 廁所 洗手間 化妝室 盥洗室",
    "café cafe cafeteria restaurant canteen tearoom 餐廳 咖啡館 咖啡廳",
    "eat lunch 吃 吃飯 用餐 > café cafe cafeteria restaurant canteen tearoom food 餐廳 咖啡館 咖啡廳 食物",
    "coffee 咖啡",
    "park 停車 停車場 停車位",
    "dog pet animal 狗 寵物 犬",
    "wheelchair 輪椅",
    "accessible disabled wheelchair 無障礙 輪椅",
    "stroller pram buggy pushchair 嬰兒車 娃娃車",
    "cloakroom coat locker bag luggage backpack 置物櫃 寄物 寄物櫃 寄放 保管 行李 背包",
    "umbrella 雨傘 傘",
    "tour guide 導覽",
    "wifi 無線網路",
    "lift elevator 電梯",
    "shop store souvenir 商店 紀念品 紀念品店 禮品店 賣店",
    "phone telephone call 電話",
    "book reserve 預約 預訂 訂票",
    "book volume 書 藏書 書籍 冊",
    "library 圖書館",
    "librarian 圖書館員",
    "address 地址",
    "online website web internet 線上 上網 網站 網路",
    "smoke 抽菸 吸菸 抽煙 吸煙",
    "card 信用卡 刷卡",
    "cash 現金",
    "english 英文 英語",
    "chinese mandarin 中文 華語",
    "japanese 日文 日語",
    "garden 花園",
    "monday 週一",
    "tuesday 週二",
    "wednesday 週三",
    "thursday 週四",
    "friday 週五",
    "saturday 週六",
    "sunday 週日",
    "summer 夏天 夏季",
    "winter 冬天 冬季",
    "christmas 聖誕節 聖誕",
    "bus 公車 巴士 客運",
    "train railway 火車",
    "metro mrt subway 捷運 地鐵",
    "way getting directions finding arriving transport 交通 交通方式",
    "travel walk foot drive road highway bus train metro mrt tram subway station 公車 捷運 火車 台鐵 客運 高鐵 車站 步行 開車 搭乘 轉乘",
    "pay > accept card cash 付款 刷卡 信用卡 現金",
];

/// The tables, as [`words`] makes them of texts.
struct Lexicon {
    groups: Vec<Vec<String>>,
    of: HashMap<String, Vec<usize>>,
    /// The Chinese words of several characters.
    chinese: BTreeSet<String>,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    // Chinese words stand as they are: a dictionary may cut them.
    let as_in_texts = |word: &str| {
        if word.contains(is_han) {
            word.to_owned()
        } else {
            words(word).into_iter().next().unwrap_or_default()
        }
    };
    let split = |words: &str| words.split_whitespace().map(as_in_texts).collect::<Vec<_>>();
    let mut groups: Vec<Vec<String>> = Vec::new();
    let mut of: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, line) in ATTRIBUTES.iter().chain(THINGS).enumerate() {
        let (asked, told) = line.split_once('>').unwrap_or((line, ""));
        let asked = split(asked);
        for word in &asked {
            of.entry(word.clone()).or_default().push(at);
        }
        groups.push(asked.into_iter().chain(split(told)).collect());
    }
    let is_long = |it: &&String| it.contains(is_han) && it.chars().count() > 1;
    let chinese = groups.iter().flatten().filter(is_long).cloned().collect();
    Lexicon { groups, of, chinese }
});

fn bare(word: &str) -> &str {
    word.strip_suffix('的').unwrap_or(word)
}

fn groups(word: &str) -> &'static [usize] {
    LEXICON.of.get(bare(word)).map_or(&[], Vec::as_slice)
}

/// The words that mean the same as this one, itself included.
pub fn alike(word: &str) -> impl Iterator<Item = &'static str> {
    groups(word).iter().flat_map(|&at| &LEXICON.groups[at]).map(String::as_str)
}

/// Whether a word has one of its meaning in the other language.
pub fn is_translated(word: &str) -> bool {
    alike(word).any(|it| it.contains(is_han) != word.contains(is_han))
}

/// The Chinese words of several characters in a text that have others of their meaning, without those inside longer
/// ones.
pub fn known_in(text: &str) -> Vec<&'static str> {
    if !text.contains(is_han) {
        return Vec::new();
    }
    let all: Vec<&str> = LEXICON.chinese.iter().map(String::as_str).filter(|it| text.contains(it)).collect();
    let is_inside = |it: &str| all.iter().any(|other| *other != it && other.contains(it));
    all.iter().copied().filter(|it| !is_inside(it)).collect()
}

/// Whether a word is one for what anything may have.
pub fn is_attribute(word: &str) -> bool {
    groups(word).first().is_some_and(|&at| at < ATTRIBUTES.len())
}

#[cfg(test)]
mod tests {
    use super::{alike, is_attribute, is_translated, known_in};

    #[test]
    fn words_are_found_as_texts_give_them() {
        assert!(alike("pay").any(|it| it == "fre") && alike("child").any(|it| it == "兒童"));
        assert!(is_attribute("heavi") && is_attribute("重量") && !is_attribute("toilet"));
        assert!(is_translated("café") && is_translated("餐廳") && !is_translated("meteorit"));
        assert!(alike("eat").any(|it| it == "restaurant") && !alike("restaurant").any(|it| it == "eat"));
        assert_eq!(known_in("嬰兒車要錢嗎？"), ["嬰兒車"]);
    }
}
