//! Simplified characters beside their Traditional forms: a visitor may type either, documents are mostly
//! Traditional. A text is never rewritten with it, only compared.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Pairs of common characters, Simplified before Traditional. Without such as are Traditional characters of
/// their own (后, 里, 干), which would turn one word into another.
const PAIRS: &str = "万萬与與专專业業东東丝絲两兩个個为為丽麗举舉么麼义義乐樂习習乡鄉书書买買乱亂争爭亏虧亚亞产產亲親亿億仅僅\
    从從仓倉仪儀们們价價众眾优優会會伞傘伟偉传傳伤傷伦倫体體佣傭侧側债債倾傾储儲儿兒党黨兰蘭关關兴興养養兽獸\
    内內写寫军軍农農冻凍净淨减減凤鳳凭憑击擊刘劉则則刚剛创創别別剂劑剧劇劝勸办辦务務动動励勵劲勁劳勞势勢区區\
    医醫华華协協单單卖賣卢盧卫衛厂廠厅廳历歷厉厲压壓厕廁县縣双雙发髮变變号號叹嘆吗嗎听聽员員响響哑啞唤喚团團\
    园園围圍国國图圖圆圓圣聖场場坏壞块塊坚堅坛壇坝壩坠墜垒壘垦墾壮壯声聲处處备備够夠头頭夹夾奋奮奖獎妆妝妇婦\
    妈媽娱娛婴嬰孙孫学學宁寧宝寶实實审審宪憲宫宮宽寬宾賓对對寻尋导導寿壽将將尔爾尘塵尽盡层層岁歲岛島岭嶺峡峽\
    币幣师師帐帳带帶帮幫广廣庄莊庆慶库庫应應庙廟废廢开開异異弃棄张張弯彎弹彈强強归歸当當录錄彻徹径徑忆憶怀懷\
    态態总總恶惡悬懸惊驚惯慣愿願慑懾户戶扑撲执執扩擴扫掃扬揚护護报報担擔拟擬拥擁择擇损損换換据據搀攙携攜数數\
    无無旧舊时時显顯机機杂雜权權条條来來极極构構枪槍标標树樹样樣桥橋检檢楼樓欢歡残殘毁毀毕畢气氣汇匯汉漢没沒\
    泽澤洁潔测測济濟浏瀏涛濤润潤涨漲温溫湾灣湿濕溃潰满滿滤濾滩灘灭滅灯燈炉爐点點炼煉烟煙烦煩烧燒热熱爱愛爷爺\
    牵牽状狀犹猶独獨狮獅猫貓玛瑪环環现現电電画畫疗療皱皺盐鹽监監盖蓋盘盤码碼础礎确確礼禮离離种種积積称稱稳穩\
    竞競笔筆类類粮糧紧緊红紅约約级級纪紀纹紋线線练練组組细細织織终終绍紹经經绒絨结結绕繞绘繪给給绝絕统統绣繡\
    继繼续續绳繩维維绿綠缆纜缓緩编編缘緣缝縫缩縮网網罗羅罚罰职職联聯聪聰肠腸肤膚胜勝胶膠脑腦脚腳脸臉舰艦艺藝\
    节節芦蘆苍蒼苏蘇苹蘋荐薦荧螢药藥莲蓮获獲营營蓝藍虽雖蚀蝕补補衬襯装裝裤褲见見观觀规規视視览覽觉覺触觸誉譽\
    计計订訂认認讨討让讓训訓议議记記讲講许許论論设設访訪证證评評识識诉訴译譯试試诗詩话話诞誕询詢该該详詳语語\
    误誤说說请請诸諸读讀课課谁誰调調谈談谋謀谜謎谢謝谱譜贝貝质質贴貼贵貴贸貿费費资資赏賞赛賽赠贈赢贏赶趕趋趨\
    跃躍踪蹤车車轨軌转轉轮輪轴軸轻輕辅輔辆輛输輸边邊达達迁遷过過迈邁运運还還这這进進远遠连連迟遲选選递遞逻邏\
    遗遺邮郵释釋针針钟鐘钢鋼钥鑰钮鈕钱錢铁鐵铃鈴铅鉛铜銅银銀铸鑄链鏈销銷锁鎖锅鍋错錯锦錦键鍵镇鎮镜鏡长長门門\
    闪閃闭閉问問闲閒间間阅閱队隊阳陽阴陰阶階际際陆陸险險随隨隐隱难難雾霧静靜韩韓页頁项項顺順须鬚顾顧顿頓预預\
    领領频頻题題颜顏额額风風飞飛饭飯饮飲饰飾馆館马馬驶駛驻駐验驗骑騎鱼魚鲜鮮鸟鳥鸡雞鹅鵝麦麥黄黃齐齊齿齒龄齡\
    龙龍龟龜";

/// A Simplified character's Traditional form; every other character as it is.
pub fn traditional(c: char) -> char {
    static FORMS: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
        let simplified = PAIRS.chars().step_by(2);
        simplified.zip(PAIRS.chars().skip(1).step_by(2)).collect()
    });
    if c.is_ascii() { c } else { FORMS.get(&c).copied().unwrap_or(c) }
}

#[cfg(test)]
mod tests {
    use super::{PAIRS, traditional};
    use crate::language::is_han;

    #[test]
    fn the_table_is_made_of_pairs() {
        assert_eq!(PAIRS.chars().count() % 2, 0);
        assert!(PAIRS.chars().all(is_han));
        // What is Traditional already stays.
        assert!(PAIRS.chars().skip(1).step_by(2).all(|c| traditional(c) == c));
        let folded: String = "厕所在哪里？博物馆几点开门".chars().map(traditional).collect();
        assert_eq!(folded, "廁所在哪里？博物館几點開門");
    }
}
