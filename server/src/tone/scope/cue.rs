//! Words that set what stands near them apart from the visitor: negations, pictures, signs, similes.

use std::sync::LazyLock;

use crate::tone::tokens::Lexicon;

/// What a cue does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cue {
    /// Denies what follows.
    Not,
    /// Denies only the next noun ("no", "without").
    No,
    /// Looks like a negation and is none.
    Plain,
    /// A made figure: statue, doll.
    Figure,
    /// A flat picture or a screen.
    Picture,
    /// A word for the picture that is described, or for one in it.
    Image,
    /// "of", "showing": what follows a picture is in it.
    Shows,
    /// "cartoon", "bronze": the person that follows is no visitor.
    Made,
    /// What text can stand on.
    Carrier,
    /// A garment that can bear a print.
    Garment,
    /// "reads", 寫著: text follows.
    Utters,
    /// "the words": text follows.
    Words,
    /// Speech to a model instead of a description.
    Instruction,
    /// "like a": a comparison follows.
    Like,
    /// "looks like": a judgement, no comparison.
    Judges,
}

/// The cues of both languages.
pub(super) static CUES: LazyLock<Lexicon<Cue>> = LazyLock::new(|| Lexicon::new(ROWS));

const ROWS: &[(Cue, &str)] = &[
    (
        Cue::Plain,
        "not only, not just, not merely, no doubt, no older than, not older than, no more than, not more than, \
         no younger than, not younger than, no less than, not less than, not yet, not far from, no nonsense, \
         nothing but, none other than, 未來, 未滿, 未及, 未成年, 無袖, 無領, 無框, 無線, 無論, 無人機, 沒想到, 不僅, 不只, 不但, 不同, 不錯, \
         不鏽鋼, 不到, 不滿, 不遠處, 不時, 不久, 不超過, 不足, 不禁, 不過, 非常, 除非, 非洲, 非凡, 毫無疑問, 無疑, 無邪, 不由得, 不少, \
         photo booth, photo camera, picture frame, photo id, photo shoot, image sensor, tv host, tv reporter, \
         screen printed, phone screen, touch screen, touchscreen, statue like, doll like, video call, poster tube, \
         portrait mode, 照片牆, 觸控螢幕, 電視台, 看板娘, 電腦螢幕前, 拍照片, 模特兒般, 可愛",
    ),
    (
        Cue::Not,
        "not, never, neither, isn't, aren't, wasn't, doesn't, don't, didn't, hasn't, haven't, can't, cannot, couldn't, \
         won't, wouldn't, isnt, doesnt, rather than, instead of, other than, unclear if, unclear whether, no longer, \
         不是, 並非, 並不是, 並不, 不像, 不算, 不屬於, 不再, 而非, 而不是, 非, 絕非, 無法判斷, 無法確定, 看不出, 不確定, 不具",
    ),
    (
        Cue::No,
        "no, without, nor, lacks, lacking, minus, none, hardly any, 沒有, 沒, 未, 無, 不穿, 不戴, 不打, 不著, 未穿, 未戴, 未打, 未著, 未繫, 並未, \
         並無, 並沒有, 沒穿, 沒戴, 沒打, 尚未",
    ),
    (
        Cue::Figure,
        "statue, statues, sculpture, sculptures, figurine, figurines, mannequin, mannequins, doll, dolls, \
         puppet, puppets, teddy bear, action figure, wax figure, dummy, cutout, cut out, standee, robot, hologram, mascot, \
         雕像, 石雕像, 銅雕像, 塑像, 石像, 銅像, 半身像, 蠟像, 佛像, 神像, 雕塑, 人偶, 玩偶, 娃娃, 洋娃娃, 假人, 人形立牌, 立牌, 公仔, 模型, 機器人, \
         人體模特兒, 人形模特兒, 木偶, 布偶, 吉祥物",
    ),
    (
        Cue::Picture,
        "portrait, portraits, painting, paintings, poster, posters, mural, murals, billboard, billboards, screen, \
         screens, monitor, monitors, tv, television, televisions, drawing, drawings, illustration, \
         illustrations, printed image, advertisement, advert, magazine cover, magazine, book cover, \
         album cover, banner, sticker, stickers, logo, display, displays, tattoo, mosaic, photographs, photos, pictures, \
         sketch, emblem, graphic, \
         畫像, 肖像, 肖像畫, 海報, 畫作, 油畫, 壁畫, 掛畫, 名畫, 螢幕, 屏幕, 顯示器, 電視, 電視機, 看板, 廣告, 廣告牌, 圖案, 印花圖案, 卡通, 插畫, \
         漫畫, 雜誌封面, 書封, 相框, 投影, 相片, 大頭照, 合照, 全家福, 繪畫, 浮雕, 貼紙, 圖像, 人像, 人像畫, 封面",
    ),
    (Cue::Image, "photo, photograph, picture, image, snapshot, images, 照片, 圖片, 影像, 畫面, 圖中"),
    (
        Cue::Shows,
        "of, showing, shows, show, depicting, depicts, displaying, displays, displayed, featuring, features, \
         portraying, portrays, representing, that shows, which shows, advertising",
    ),
    (
        Cue::Made,
        "cartoon of, print of, ad for, video of, silhouette of, mask of, bust of, cartoon, animated, anime, carved, bronze statue, bronze, marble, stone carved, wooden figure, painted, \
         printed, fictional, toy, 卡通, 動漫",
    ),
    (
        Cue::Carrier,
        "sign, signs, signboard, placard, placards, board, whiteboard, blackboard, paper, sheet, note, notes, card, \
         cards, cardboard, label, badge, button, text, caption, message, letter, mug, notebook, tablet, phone, book, \
         牌子, 紙牌, 看板, 標語, 紙, 紙張, 紙條, 字條, 白板, 告示, 告示牌, 手板, 字卡, 布條, 舉牌",
    ),
    (
        Cue::Garment,
        "t shirt, tshirt, tee, shirt, hoodie, sweatshirt, sweater, jacket, dress, cap, hat, bag, backpack, tote, jumper, \
         pullover, T恤, 上衣, 衣服, 帽T, 連帽衫, 背包, 帽子",
    ),
    (
        Cue::Utters,
        "reads, reading, says, saying, said, states, stating, written, labeled, labelled, lettered, spells, spelling, \
         tells, telling, asks, asking, \
         寫著, 寫有, 寫了, 寫道, 上寫, 上面寫, 上頭寫, 寫上, 寫的是, 標示著, 標示, 印著, 印有, 印上, 繡著, 繡有, 上書",
    ),
    (
        Cue::Words,
        "the words, the word, the text, the phrase, the slogan, the message, the inscription, words, text",
    ),
    (
        Cue::Instruction,
        "instruction, instructions, prompt, system prompt, ignore, disregard, pretend, you are, you're, you must, \
         you should, you will, you have to, your instructions, your tone, your answer, respond as, respond in, \
         respond like, respond with, reply as, reply in, reply like, reply with, answer as, answer in, answer like, \
         speak as, speak like, talk like, treat me, treat him, treat her, treat them, treat this, treat the, act as, \
         act like, tone =, tone :, the tone, set tone, set the tone, use tone, child_friendly, elder_friendly, \
         professional_friendly, casual_friendly, system :, assistant :, \
         忽略, 無視, 指示, 指令, 提示詞, 系統提示, 語氣, 扮演, 當成, 當作, 視為, 請用, 請以, 請把, 請將, 請你, 你是, 你必須, 你要, 你應該, 你現在",
    ),
    (
        Cue::Judges,
        "looks like, look like, looking like, seems like, sounds like, what looks like, appears like, would like, \
         看起來像, 看來像, 看似, 似乎像, 像是, 好像是, 感覺像",
    ),
    (
        Cue::Like,
        "like a, like an, like his, like her, like someone, like, as if, as a costume, costume of, dressed as, \
         dressed up as, disguised as, dressed like, childlike, resembling, reminiscent of, \
         像個, 像一個, 像一位, 彷彿, 宛如, 有如, 猶如, 像, 打扮成, 裝扮成, 假扮",
    ),
];
