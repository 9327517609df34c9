//! What may be mentioned of a visitor: garments, things carried, a smile, each with its name in both
//! languages. Only these words ever pass from a description into a reply. Left out on purpose: what hints at
//! body, age, disability, faith or origin (canes, glasses, uniforms, headscarves, national dress).

use std::sync::LazyLock;

use crate::tone::tokens::Lexicon;

/// How something is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tone) enum Kind {
    /// Worn.
    Worn,
    /// Carried.
    Carried,
    /// A smile.
    Smile,
}

/// A thing with its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tone) struct Thing {
    /// How it is shown.
    pub(in crate::tone) kind: Kind,
    /// In English, without article.
    pub(in crate::tone) en: &'static str,
    /// In Traditional Chinese.
    pub(in crate::tone) zh: &'static str,
    /// Whether the English name is a plural.
    pub(in crate::tone) plural: bool,
    /// Whether so many people have it that a mention says little.
    pub(in crate::tone) plain: bool,
}

/// A colour or a pattern in both languages.
pub(super) type Look = (&'static str, &'static str);

/// Kind, English, Chinese, then more spellings of either; a leading `+` marks a plural, `~` what is plain.
const THINGS: &[(Kind, &str, &str, &str)] = &[
    (Kind::Worn, "dress", "洋裝", "連衣裙, 連身裙, 裙裝, sundress, gown"),
    (Kind::Worn, "skirt", "裙子", "長裙, 短裙, 百褶裙"),
    (Kind::Worn, "~shirt", "襯衫", "dress shirt, button up shirt, button down shirt"),
    (Kind::Worn, "~T-shirt", "T恤", "t shirt, tshirt, tee, tee shirt, t恤, 短袖t恤, graphic tee"),
    (Kind::Worn, "polo shirt", "Polo衫", "polo衫, polo"),
    (Kind::Worn, "blouse", "上衣", ""),
    (Kind::Worn, "sweater", "毛衣", "jumper, pullover"),
    (Kind::Worn, "cardigan", "針織外套", "針織衫, 開襟毛衣, 開襟衫"),
    (Kind::Worn, "hoodie", "連帽上衣", "hooded sweatshirt, 連帽衫, 帽t, 連帽外套"),
    (Kind::Worn, "sweatshirt", "大學T", "大學t, 衛衣"),
    (Kind::Worn, "jacket", "外套", "夾克"),
    (Kind::Worn, "denim jacket", "牛仔外套", "jean jacket, 牛仔夾克"),
    (Kind::Worn, "leather jacket", "皮衣", "皮夾克, 皮外套"),
    (Kind::Worn, "down jacket", "羽絨外套", "puffer jacket, 羽絨衣, 羽絨服"),
    (Kind::Worn, "windbreaker", "防風外套", "風衣外套"),
    (Kind::Worn, "trench coat", "風衣", ""),
    (Kind::Worn, "coat", "大衣", "overcoat, 長大衣"),
    (Kind::Worn, "raincoat", "雨衣", "rain coat"),
    (Kind::Worn, "blazer", "西裝外套", "suit jacket, sport coat"),
    (Kind::Worn, "suit", "西裝", "business suit, three piece suit, pantsuit, 西服, 套裝"),
    (Kind::Worn, "tie", "領帶", "necktie"),
    (Kind::Worn, "bow tie", "領結", "bowtie"),
    (Kind::Worn, "vest", "背心", "waistcoat"),
    (Kind::Worn, "scarf", "圍巾", "絲巾"),
    (Kind::Worn, "shawl", "披肩", ""),
    (Kind::Worn, "hat", "帽子", "sun hat, straw hat, fedora, 草帽, 遮陽帽, 漁夫帽"),
    (Kind::Worn, "cap", "鴨舌帽", "flat cap"),
    (Kind::Worn, "baseball cap", "棒球帽", ""),
    (Kind::Worn, "beanie", "毛帽", "knit hat, 毛線帽"),
    (Kind::Worn, "+~jeans", "牛仔褲", "blue jeans"),
    (Kind::Worn, "+~trousers", "長褲", "pants, slacks, 褲子, 西裝褲"),
    (Kind::Worn, "+~shorts", "短褲", ""),
    (Kind::Worn, "+overalls", "吊帶褲", "dungarees"),
    (Kind::Worn, "jumpsuit", "連身褲", ""),
    (Kind::Worn, "jersey", "球衣", "sports jersey, football shirt, 球服"),
    (Kind::Worn, "tracksuit", "運動服", "track suit, 運動套裝"),
    (Kind::Worn, "lab coat", "實驗衣", "laboratory coat, 白袍, 實驗袍"),
    (Kind::Worn, "+~shoes", "鞋子", "dress shoes, 皮鞋"),
    (Kind::Worn, "+~sneakers", "球鞋", "trainers, running shoes, 運動鞋"),
    (Kind::Worn, "+boots", "靴子", "長靴, 雨靴"),
    (Kind::Worn, "+~sandals", "涼鞋", ""),
    (Kind::Worn, "+gloves", "手套", "mittens"),
    (Kind::Worn, "+sunglasses", "太陽眼鏡", "墨鏡"),
    (Kind::Worn, "+headphones", "耳機", "earphones, earbuds, 無線耳機"),
    (Kind::Worn, "necklace", "項鍊", "項鏈, pearl necklace"),
    (Kind::Worn, "+earrings", "耳環", ""),
    (Kind::Worn, "bracelet", "手鍊", "手鏈"),
    (Kind::Worn, "watch", "手錶", "wristwatch, smartwatch"),
    (Kind::Worn, "brooch", "胸針", ""),
    (Kind::Worn, "hairband", "髮帶", "headband"),
    (Kind::Worn, "apron", "圍裙", ""),
    (Kind::Carried, "backpack", "背包", "rucksack, 後背包, 雙肩包, 雙肩背包"),
    (Kind::Carried, "handbag", "手提包", "purse, 手提袋"),
    (Kind::Carried, "tote bag", "托特包", "tote, 帆布袋, 帆布包"),
    (Kind::Carried, "shopping bag", "購物袋", "shopping bags"),
    (Kind::Carried, "bag", "包包", "shoulder bag, crossbody bag, 側背包, 肩包, 斜背包"),
    (Kind::Carried, "suitcase", "行李箱", ""),
    (Kind::Carried, "briefcase", "公事包", "公文包"),
    (Kind::Carried, "laptop", "筆電", "laptop computer, 筆記型電腦"),
    (Kind::Carried, "tablet", "平板電腦", "ipad, 平板"),
    (Kind::Carried, "camera", "相機", "照相機, 單眼相機"),
    (Kind::Carried, "~phone", "手機", "smartphone, cell phone, mobile phone, cellphone"),
    (Kind::Carried, "schoolbag", "書包", "school bag, satchel"),
    (Kind::Carried, "book", "書本", "一本書, 本書, 書籍"), // 書 alone begins other words
    (Kind::Carried, "notebook", "筆記本", "notepad"),
    (Kind::Carried, "umbrella", "雨傘", "傘, 陽傘"),
    (Kind::Carried, "coffee", "咖啡", "cup of coffee, coffee cup, 咖啡杯, mug of coffee"),
    (Kind::Carried, "water bottle", "水壺", "水瓶, thermos, 保溫瓶"),
    (Kind::Carried, "bouquet", "花束", "bouquet of flowers, flowers, 一束花, 鮮花"),
    (Kind::Carried, "balloon", "氣球", "balloons"),
    (Kind::Carried, "skateboard", "滑板", ""),
    (Kind::Carried, "kite", "風箏", ""),
    (Kind::Carried, "basketball", "籃球", ""),
    (Kind::Carried, "ball", "球", "soccer ball, 足球, 皮球"),
    (Kind::Carried, "toy", "玩具", "toy car, toy dinosaur, 玩具車"),
    (Kind::Carried, "guitar", "吉他", ""),
    (Kind::Carried, "map", "地圖", ""),
    (Kind::Carried, "folder", "資料夾", "檔案夾"),
    (Kind::Carried, "hand fan", "扇子", "folding fan"),
    (
        Kind::Smile,
        "smile",
        "笑容",
        "smiling, smiles, grin, grinning, beaming, 微笑, 笑著, 面帶微笑, 面帶笑容, 笑容滿面, 笑臉, 微笑著",
    ),
];

const LOOKS: &[(&str, &str, &str)] = &[
    ("red", "紅色", "紅, 大紅色, 鮮紅色, 酒紅色, maroon, burgundy, crimson"),
    ("blue", "藍色", "藍, 天藍色, 水藍色"),
    ("light blue", "淺藍色", "淡藍色, pale blue, sky blue"),
    ("navy blue", "深藍色", "navy, dark blue, 藏青色, 海軍藍"),
    ("green", "綠色", "綠, 墨綠色, 深綠色, 淺綠色, dark green, light green, olive green"),
    ("yellow", "黃色", "黃, 鵝黃色, bright yellow"),
    ("orange", "橘色", "橙色, 橘"),
    ("pink", "粉紅色", "粉色, light pink, bright pink"),
    ("purple", "紫色", "紫, lavender, violet, 淡紫色"),
    ("white", "白色", "白, 純白"),
    ("black", "黑色", "黑"),
    ("gray", "灰色", "灰, grey, dark gray, light gray, dark grey, light grey, 深灰色, 淺灰色, charcoal"),
    ("brown", "咖啡色", "棕色, 褐色, tan, 棕"),
    ("beige", "米色", "米白色, cream, cream colored, off white"),
    ("khaki", "卡其色", "卡其"),
    ("turquoise", "青色", "teal"),
    ("colorful", "彩色", "繽紛, 色彩繽紛, 五顏六色, colourful, multicolored, bright colored"),
    ("floral", "碎花", "flowered, flower print, floral print, floral patterned, 印花, 花卉, 小碎花"),
    ("striped", "條紋", "stripy"),
    ("plaid", "格紋", "checked, checkered, tartan, 格子, 方格"),
    ("polka-dot", "圓點", "polka dot, polka dotted, dotted, 點點, 波點"),
    ("knitted", "針織", "knit"),
    ("denim", "牛仔", ""),
    ("leather", "皮革", "皮"),
    ("woolen", "羊毛", "wool, woollen"),
    ("straw", "草編", ""),
];

/// All names of things.
pub(super) static NAMES: LazyLock<Lexicon<Thing>> = LazyLock::new(|| {
    let rows: Vec<(Thing, String)> = THINGS
        .iter()
        .map(|(kind, name, zh, more)| {
            let en = name.trim_start_matches(['+', '~']);
            let thing = Thing { kind: *kind, en, zh, plural: name.contains('+'), plain: name.contains('~') };
            (thing, format!("{en}, {zh}, {more}"))
        })
        .collect();
    Lexicon::new(&rows.iter().map(|(thing, names)| (*thing, names.as_str())).collect::<Vec<_>>())
});

/// All colours and patterns.
pub(super) static LOOKS_OF: LazyLock<Lexicon<Look>> = LazyLock::new(|| {
    let rows: Vec<(Look, String)> =
        LOOKS.iter().map(|(en, zh, more)| ((*en, *zh), format!("{en}, {zh}, {more}"))).collect();
    Lexicon::new(&rows.iter().map(|(look, names)| (*look, names.as_str())).collect::<Vec<_>>())
});
