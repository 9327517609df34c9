//! Character for character folding, so that one word list serves all spellings a vision model uses.

/// Simplified characters of descriptions beside their Traditional forms. Only characters that the word
/// lists need; a text is never rewritten with it, only compared.
const SIMPLIFIED: &str = "爷爺装裝岁歲发髮学學儿兒妇婦领領带帶办辦衬襯笔筆电電脑腦镜鏡婴嬰长長轻輕银銀书書议議识識证證没沒\
    无無画畫图圖写寫约約余餘几幾国國龄齡纪紀亲親个個两兩这這对對标標语語应應员員业業务務职職场場为為脸臉头頭\
    裤褲连連闲閒张張贴貼报報旧舊护護医醫师師红紅蓝藍绿綠黄黃围圍伞傘机機气氣实實验驗厅廳间間视視屏螢荧螢雕雕\
    满滿苍蒼皱皺纹紋须鬚么麼开開见見谁誰现現种種单單双雙边邊后後进進过過还還阳陽衬襯织織针針绒絨鞋鞋结結\
    线線眼眼样樣会會话話说說让讓给給请請问問听聽达達运運动動团團队隊优優体體试試设設计計专專产產农農军軍\
    岛島块塊处處录錄总總条條极極构構门門阶階级級组組终終经經统統继繼续續维維网網罗羅义義习習风風飞飛马馬\
    鸟鳥鱼魚龙龍东東车車万萬亿億零零点點钟鐘时時历歷稚稚园園声聲卖賣买買红紅颜顏众眾观觀览覽展展携攜宝寶\
    贝貝孙孫妈媽铜銅胶膠亚亞缝縫质質饰飾链鏈戒戒坠墜丝絲绣繡毕畢举舉伟偉与與称稱仅僅侧側卫衛紧緊宽寬拥擁\
    尔爾别別肤膚残殘蹲蹲搀攙扶扶显顯块塊迈邁耋耋";

/// Folds one character: full-width to ASCII, upper case to lower, Simplified to Traditional, the many
/// quotation marks and dashes to one each.
pub(super) fn fold(c: char) -> char {
    match c {
        'A'..='Z' => c.to_ascii_lowercase(),
        '\0'..='\x7f' => c,
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(c) - 0xfee0).map_or(c, |ascii| ascii.to_ascii_lowercase())
        }
        '’' | '‘' | 'ʼ' => '\'',
        '。' | '｡' => '.',
        '‐' | '‑' | '–' | '−' => '-',
        '〜' => '~',
        '裏' | '里' => '裡',
        '着' => '著',
        '鬓' => '鬢',
        '〇' | '○' => '〇',
        _ => traditional(c),
    }
}

fn traditional(c: char) -> char {
    static PAIRS: std::sync::LazyLock<std::collections::HashMap<char, char>> =
        std::sync::LazyLock::new(|| {
            let characters: Vec<char> = SIMPLIFIED.chars().collect();
            characters
                .chunks(2)
                .filter_map(|pair| match pair {
                    [from, to] => Some((*from, *to)),
                    _ => None,
                })
                .collect()
        });
    PAIRS.get(&c).copied().unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_to_one_spelling() {
        for (from, to) in
            [('Ａ', 'a'), ('７', '7'), ('装', '裝'), ('岁', '歲'), ('，', ','), ('。', '.'), ('着', '著')]
        {
            assert_eq!(fold(from), to);
        }
    }

    #[test]
    fn the_table_is_made_of_pairs() {
        assert_eq!(SIMPLIFIED.chars().count() % 2, 0);
        assert!(SIMPLIFIED.chars().all(crate::language::is_han));
    }
}
