//! What visitors may ask a house whose documents are short (`mill/`): what must be quoted, and what must be refused
//! although something like it is there.

use std::path::Path;

use super::museum;
use crate::knowledge::Knowledge;

fn check(rows: &[(&str, &str)]) {
    let documents = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/answer/builtin/mill");
    museum::check_in(&Knowledge::load(&[documents]).expect("the mill's documents load"), rows);
}

#[test]
fn english() {
    check(&[
        ("When are you open?", "9:30 am"),
        ("What time do you close?", "5 pm"),
        ("Are you open on Sundays in winter?", "Sundays"),
        ("Are you open on Thursday?", "every day"),
        ("How much is it to get in?", "£9"),
        ("How much does a ticket cost?", "£9"),
        ("How much is a ticket for a student?", "£6"),
        ("How much is a senior ticket?", ""),
        ("Do carers have to pay?", "free"),
        ("Is it free for children?", "£4"),
        ("Can I buy tickets online?", "website"),
        ("How do I get to the mill?", "Ashby Junction"),
        ("Where is the nearest station?", "Ashby Junction"),
        ("Is there a car park?", "40 spaces"),
        ("Can I park there?", "40 spaces"),
        ("How many parking spaces are there?", "40"),
        ("How much is parking?", ""),
        ("Is there somewhere to eat?", "Tearoom"),
        ("When does the tearoom close?", "4 pm"),
        ("Can I bring a picnic?", "lawn"),
        ("Do you have vegan food?", ""),
        ("What is your phone number?", "01632 960 417"),
        ("Can I buy a ticket by phone?", ""),
        ("Who is the manager?", "Priya Nair"),
        ("Who is the director?", ""),
        ("Do you have wheelchairs?", "two wheelchairs"),
        ("Can I borrow a wheelchair?", "two wheelchairs"),
        ("Can I borrow a stroller?", ""),
        ("Is there a lift?", "lift"),
        ("Do you have lockers?", "置物櫃"),
        ("Is there a shop?", ""),
        ("Do you have wifi?", ""),
        ("Do you have a playground?", ""),
        ("When are the workshops?", "Wednesdays at 2 pm"),
        ("Can I take part in a guided tour?", "英文導覽"),
        ("Is there a guided tour?", "英文導覽"),
        ("Can I touch the paper?", ""),
        ("Who built the Hollander beater?", "Josiah Crane"),
        ("Who built the Hollander beater? | How much does it weigh?", "1.8 tonnes"),
        ("Who built the Hollander beater? | And who restored it?", ""),
        ("How heavy is the beater?", "1.8 tonnes"),
        ("How tall is the beater?", ""),
        ("How long is the beater?", ""),
        ("How many sheets hung in the loft?", "6,000"),
        ("Who gave the watermark collection?", "Ingrid Solberg"),
        ("How many watermarks do you have?", "2,150"),
        ("How old is the oldest watermark?", "1389"),
        ("Who painted the ceiling?", ""),
        ("What is the drying loft?", "loft"),
        ("When is the next concert?", ""),
        ("When is paper night?", "20 June 2026"),
        ("What time does paper night start?", "7 pm"),
        ("Where are the toilets?", "ground floor"),
        ("Is there a swimming pool?", ""),
        ("Can children drive the machine?", ""),
        ("What is the capital of Scotland?", ""),
        ("Can I pay by credit card?", ""),
        ("Can I bring my dog?", "導盲犬"),
    ]);
}

#[test]
fn chinese() {
    check(&[
        ("可以拍照嗎？", "可以，但請勿"),
        ("可以用閃光燈嗎？", "請勿使用閃光燈"),
        ("有中文導覽嗎？", ""),
        ("有英文導覽嗎？", "每週六"),
        ("英文導覽幾點開始？", "十一點"),
        ("導覽多久？", "50 分鐘"),
        ("星期二有英文導覽嗎？", ""),
        ("可以帶狗嗎？", "導盲犬"),
        ("可以帶小孩嗎？", "children"),
        ("可以借雨傘嗎？", ""),
        ("有置物櫃嗎？", "置物櫃"),
        ("行李可以寄放嗎？", "服務台"),
        ("工作坊多少錢？", "350"),
        ("工作坊什麼時候？", "週三下午兩點"),
        ("工作坊可以幾個人參加？", "12 人"),
        ("工作坊要預約嗎？", "預約"),
        ("抄紙機有多長？", "28 公尺"),
        ("抄紙機有多重？", ""),
        ("水車是誰做的？", "何大年"),
        ("水車是誰修復的？", "2011"),
        ("水車什麼時候修復的？", "2011"),
        ("有停車場嗎？", "40 spaces"),
        ("門票多少錢？", "£9"),
        ("有提款機嗎？", ""),
        ("有電梯嗎？", "lift"),
        ("廁所在哪裡？", "ground floor"),
        ("餐廳在哪裡？", "Tearoom"),
        ("日本的首都是哪裡？", ""),
        ("有賣咖啡嗎？", "coffee"),
        ("有溜冰場嗎？", ""),
        ("有工作坊嗎？ | 要錢嗎？", "350"),
    ]);
}
