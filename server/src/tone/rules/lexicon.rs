//! The words that tell a tone, as tables. A row's phrases share one meaning; where phrases overlap, the
//! longest counts, so that harmless compounds ("suit of armor", 老師) are listed as [`Sense::Nothing`].

use std::sync::LazyLock;

use crate::tone::tokens::Lexicon;

/// What a person's name or an adjective tells of age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Below 18.
    Child,
    /// Grown up, not old.
    Adult,
    /// Old.
    Elder,
}

/// What a phrase means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sense {
    /// A person of a certain stage of life.
    Person(Stage),
    /// A person of some sex or role, the age left open.
    Someone,
    /// Whoever: "person", "visitor"; a later noun may say who it is.
    Anyone,
    /// An adjective of age.
    Trait(Stage),
    /// "young", "old", "senior": an adjective of age only before a person.
    Before(Stage),
    /// Grey hair and wrinkles: old, unless an age is told.
    Sign,
    /// A school uniform.
    School,
    /// Dress for business, a formal event or a profession.
    Formal,
    /// A badge, an office: business, unless the dress is casual.
    Business,
    /// Casual dress.
    Casual,
    /// Nobody is there.
    Nobody,
    /// In the background.
    Background,
    /// Nothing.
    Nothing,
}

use Sense::{
    Anyone, Background, Before, Business, Casual, Formal, Nobody, Nothing, Person, School, Sign, Someone,
    Trait,
};
use Stage::{Adult, Child, Elder};

/// The words of both languages.
pub(super) static WORDS: LazyLock<Lexicon<Sense>> =
    LazyLock::new(|| Lexicon::new(&[ENGLISH, CHINESE].concat()));

const ENGLISH: &[(Sense, &str)] = &[
    (
        Person(Child),
        "boy, boys, girl, girls, child, children, kid, kids, toddler, toddlers, baby, babies, infant, infants, \
         newborn, teenager, teenagers, teen, teens, preteen, preteens, tween, tweens, adolescent, adolescents, youngster, \
         youngsters, schoolboy, schoolboys, schoolgirl, schoolgirls, schoolchild, schoolchildren, schoolkid, schoolkids, \
         pupil, pupils, preschooler, preschoolers, kindergartner, kindergartener, kindergarteners, minor, minors, \
         schooler, high schooler, middle schooler, grade schooler, high schoolers, middle schoolers, first grader, \
         second grader, third grader, fourth grader, fifth grader, sixth grader, seventh grader, eighth grader, \
         ninth grader, school student, school students, high school student, high school students, middle school student, \
         middle school students, elementary school student, elementary school students, primary school student, \
         primary school students, elementary student, elementary students, junior high student, junior high students, \
         junior high school student, junior high school students, secondary school student, secondary school students, \
         high school senior, high school junior, kindergarten student, little one, little ones, girl scout, boy scout, \
         cub scout, lad, lass, youth under 18, tot, youngling, juvenile",
    ),
    (
        Trait(Child),
        "teenage, teenaged, school age, school aged, adolescent looking, underage, in kindergarten, in elementary school, \
         in primary school, in middle school, in high school, in junior high, in first grade, in second grade, \
         in third grade, in fourth grade, in fifth grade, in sixth grade, childish face",
    ),
    (
        Person(Elder),
        "elder, elders, grandmother, grandmothers, grandfather, grandfathers, grandma, grandpa, granny, grandparent, \
         grandparents, grandmom, grandad, granddad, nana, pensioner, pensioners, retiree, retirees, senior citizen, \
         senior citizens, seniors, sexagenarian, septuagenarian, octogenarian, nonagenarian, centenarian, old timer, \
         great grandmother, great grandfather, old folks, the elderly",
    ),
    (
        Trait(Elder),
        "elderly, aging, ageing, geriatric, of advanced age, advanced in age, advanced in years, of advanced years, \
         in old age, in his old age, in her old age, of old age, retired, of retirement age, retirement age, \
         in his golden years, in her golden years, in their golden years, senior aged, getting on in years, \
         looks old, looks very old, looks quite old, appears old, appears very old, appears quite old, is very old, \
         is quite old, is old, seems old, looks elderly, old age, well on in years, middle aged to elderly",
    ),
    (
        Before(Elder),
        "old, older, aged, senior, very old, quite old, rather old, olde, mature older, white haired old",
    ),
    (
        Person(Adult),
        "adult, adults, mother, mothers, father, fathers, mom, mum, mommy, dad, daddy, parent, parents, young adult, \
         young adults, college student, college students, university student, university students, graduate student, \
         graduate students, grad student, undergraduate, undergraduates, college senior, college kid, college girl, \
         college boy, grown up, grown man, grown woman, middle ager, bachelor, millennial, twentysomething, \
         thirtysomething, postgraduate, phd student, doctoral student",
    ),
    (
        Trait(Adult),
        "middle aged, middle age, college aged, college age, mid aged, grown, in the prime of life, of middle age",
    ),
    (Before(Adult), "young, younger, youngish, youthful"),
    (
        Someone,
        "man, men, woman, women, lady, ladies, gentleman, gentlemen, guy, guys, fellow, couple, wife, husband, \
         son, daughter, grandson, granddaughter, grandchild, grandchildren, grandkids, sons, daughters, brother, sister, \
         sibling, siblings, friend, friends, companion, companions, family, folk, folks, colleague, colleagues, partner, \
         caregiver, staff member, employee, employees, student, students, guide, uncle, aunt, nephew, niece, youth, \
         youths, gal, dude, chap, bloke",
    ),
    (
        Anyone,
        "person, persons, people, individual, individuals, visitor, visitors, someone, somebody, figure, human, \
         subject, guest, guests, tourist, tourists, customer, customers, user, users, attendee, participant, passerby, \
         passers by, male, female, face, viewer, spectator, patron, traveler, traveller",
    ),
    (
        Sign,
        "gray hair, grey hair, white hair, silver hair, gray haired, grey haired, white haired, silver haired, \
         short gray hair, gray beard, grey beard, white beard, silver beard, gray bearded, white bearded, grey bearded, \
         wrinkles, wrinkled, wrinkled face, wrinkly, snow white hair, thinning gray hair, thinning white hair, \
         curly gray hair, curly white hair, silvery hair, hair is gray, hair is grey, hair is white, hair is silver, \
         gray curly hair, white curly hair, gray short hair, short white hair, gray and white hair, age spots, \
         gray mustache, grey mustache, white mustache, gray moustache, white moustache, weathered face, lined face, \
         hair has turned gray, hair has turned white, hair has gone gray, hair has gone white, dentures",
    ),
    (
        School,
        "school uniform, school uniforms, school blazer, school tie, school clothes, schoolbag uniform, student uniform, \
         student uniforms, school attire, school dress, school trip, school group, school tracksuit, sailor uniform, \
         school sports uniform, school gym uniform, pe kit, school badge, school shirt, school outfit, scout uniform, \
         high school uniform, middle school uniform, elementary school uniform, primary school uniform, \
         junior high school uniform, kindergarten uniform, uniform of a school, uniform of a high school, schoolwear",
    ),
    (
        Formal,
        "suit, suits, suited, business suit, business suits, three piece suit, two piece suit, pantsuit, pantsuits, \
         pant suit, skirt suit, power suit, trouser suit, suit jacket, suit coat, dinner jacket, tuxedo, tuxedos, blazer, \
         blazers, tie, ties, necktie, neckties, bow tie, bowtie, waistcoat, business attire, business clothes, \
         business clothing, business wear, business casual, business outfit, business dress, business formal, \
         business shirt, business person, business people, business professional, business professionals, businessman, \
         businessmen, businesswoman, businesswomen, businessperson, businesspeople, formal, formally, semi formal, \
         formalwear, formal wear, formal attire, formal clothes, formal clothing, formal dress, formal outfit, \
         professional attire, professional clothing, professional clothes, professional outfit, professional dress, \
         professional wear, professionally, professional looking, looks professional, appears professional, \
         young professional, young professionals, working professional, corporate attire, corporate, office attire, \
         office wear, office clothes, office worker, office workers, office lady, work attire, work clothes, workwear, \
         dress shirt, dress shirts, pencil skirt, dress pants, dress trousers, slacks and a blazer, evening gown, \
         ball gown, cocktail dress, lab coat, lab coats, laboratory coat, white coat, doctor's coat, medical scrubs, scrubs, \
         nurse scrubs, nurse's uniform, nurse uniform, doctor, nurse, surgeon, physician, stethoscope, pharmacist, \
         security guard, security guard uniform, security uniform, guard uniform, police officer, policeman, \
         policewoman, police uniform, military uniform, army uniform, navy uniform, pilot uniform, pilot's uniform, \
         flight attendant, flight attendant uniform, firefighter uniform, work uniform, company uniform, staff uniform, \
         corporate uniform, executive, executives, lawyer, attorney, banker, professor, lecturer, diplomat, \
         senior manager, senior engineer, senior executive, senior researcher, senior scientist, senior official, \
         senior director, senior officer, senior staff, senior developer, senior analyst, senior consultant, \
         senior employee, senior partner, senior colleague, smartly dressed, sharply dressed, dressed for business, \
         dressed for work, dressed to do business",
    ),
    (
        Business,
        "badge, badges, name badge, name badges, conference badge, id badge, employee badge, staff badge, name tag, \
         nametag, name tags, lanyard, lanyards, id card, employee id, briefcase, briefcases, attache case, office, \
         offices, office setting, office environment, office building, cubicle, conference room, meeting room, \
         boardroom, board room, conference table, corporate office, professional setting, professional environment, \
         business setting, business environment, business meeting, workplace, conference hall, a professional, \
         professional, professionals, manager, coworking space, uniformed, clipboard, button up shirt, button down shirt, \
         portfolio case, business card",
    ),
    (
        Casual,
        "t shirt, t shirts, tshirt, tshirts, tee, tees, jeans, denim, denim jacket, dad jeans, mom jeans, boyfriend jeans, hoodie, hoodies, hooded sweatshirt, \
         sweatshirt, sweatshirts, sneakers, trainers, running shoes, shorts, casual, casually, casual wear, casual clothes, \
         casual clothing, casual attire, casual outfit, smart casual, tank top, flip flops, sandals, tracksuit, tracksuits, \
         track suit, sportswear, athletic wear, activewear, athleisure, gym clothes, workout clothes, jogging suit, \
         sweatpants, joggers, leggings, jumpsuit, swimsuit, wetsuit, baseball cap, flannel, plaid shirt, cargo pants, \
         sweater, sweaters, pullover, hawaiian shirt, overalls, streetwear, jersey, pajamas, loungewear, sundress, \
         informal, informally, polo shirt, puffer jacket, windbreaker, sports jersey, football shirt, cycling gear, \
         hiking gear, sports uniform, basketball uniform, baseball uniform, soccer uniform, football uniform, \
         team uniform, bathing suit, swim suit, sweat suit, sweatsuit",
    ),
    (
        Nobody,
        "no person, no persons, no people, no one, nobody, no human, no humans, no visitor, no visitors, no individual, \
         no individuals, no one else, no face, no faces, no figure, no man or woman, without people, without anyone, \
         without any people, without any person, not any person, not anyone, no visible person, no visible people, \
         no discernible person, no identifiable person, no clear person, none visible, empty room, empty hall, \
         empty office, empty lobby, empty chair, empty chairs, empty corridor, empty hallway, empty space, empty scene, \
         empty gallery, empty museum, empty exhibition, empty classroom, empty conference room, empty meeting room, \
         empty seat, empty seats, empty desk, empty desks, is empty, appears empty, looks empty, seems empty, are empty, \
         completely empty, unoccupied, vacant, deserted, devoid of people, free of people, isn't anyone, not see anyone, \
         not a person, not see any person, not see any people, isn't a person, don't see anyone, can't see anyone, \
         doesn't contain any people, doesn't show any people, doesn't show any person, not contain any people, \
         not show any people, not contain a person, not show a person, aren't any people, zero people, there is nobody",
    ),
    (
        Background,
        "in the background, in the distance, in background, passing by, walking by, walking past, far behind, far away",
    ),
    (
        Nothing,
        "suit of armor, suit of armour, space suit, diving suit, wet suit, jump suit, snow suit, ski suit, boiler suit, \
         hazmat suit, body suit, cat suit, panda suit, bear suit, bunny suit, superhero suit, suit case, suits him, \
         suits her, suits them, follow suit, protective suit, tie dye, tie dyed, tie dye shirt, tie dye t shirt, \
         hair tie, hair ties, ties her, ties his, tie up, zip tie, to tie, tie her, tie his, shoe ties, \
         home office, post office, box office, ticket office, office chair, office chairs, office supplies, \
         professional photo, professional photograph, professional photography, professional camera, \
         professional photographer, professional lighting, professional athlete, visitor badge, guest badge, \
         merit badge, formal garden, formal education, doctor who, doctor strange, \
         boy band, girl group, girl band, girl power, baby blue, baby pink, baby carriage, baby stroller, baby carrier, \
         baby bottle, baby faced, baby face, baby bump, baby seat, baby sling, baby wrap, baby grand, baby hair, \
         babysitter, kid gloves, kid friendly, child friendly, elder friendly, family friendly, child seat, child care, \
         child carrier, children's museum, children's area, children's section, children's hospital, children's book, \
         children's books, children's exhibit, children's zone, children's corner, children's room, children's drawing, \
         kids area, kids zone, kids corner, child size, child sized, teen idol, minor changes, minor details, \
         minor injury, minor injuries, in full figure, figure skating, family portrait, family photo, family name, \
         face mask, face masks, face paint, face shield, smiling face, round face, happy face, her face, his face, \
         their face, the face, young looking, years young, man bun, man made, mother of pearl, father christmas, \
         old fashioned, old school, old style, old town, old photo, old books, old world, old friend, old friends, \
         old building, older brother, older sister, older sibling, older siblings, older teen, older child, older kid, \
         older boy, older girl, older teenager, younger brother, younger sister, aged paper, aged wood, senior year, \
         senior discount, senior student, senior center, age old, ageless, elderberry, elder care, grandfather clock, \
         grandma sweater, dad hat, dad cap, dad shoes, \
         white haired cat, gray haired dog, wrinkled shirt, wrinkled clothes, wrinkled jacket, wrinkled pants, \
         wrinkled suit, wrinkled dress, wrinkled coat, wrinkled t shirt, no wrinkles, nurse her, nurse his, \
         nurse shark, adult size, adult sized, user interface, human sized, pupils dilated, dilated pupils, \
         empty hands, empty handed, empty cup, empty bottle, empty tray",
    ),
];

const CHINESE: &[(Sense, &str)] = &[
    (
        Person(Child),
        "小孩, 小孩子, 孩子, 孩童, 兒童, 小朋友, 幼童, 幼兒, 嬰兒, 嬰孩, 嬰幼兒, 寶寶, 小寶寶, 學童, 小學生, 國小生, 國小學生, 小學學生, 國中生, 國中學生, 高中生, \
         高中學生, 高職生, 高職學生, 中學生, 初中生, 中小學生, 青少年, 少年, 少女, 小男孩, 小女孩, 男孩, 女孩, 男孩子, 女孩子, 小男生, 小女生, 男童, 女童, \
         娃兒, 小娃娃, 小娃, 幼稚園生, 幼兒園生, 未成年人, 小姑娘, 小弟弟, 小妹妹, 小鬼, 小伙伴, 孩子們, 孩兒, 小童, 兒少, 學步兒, 年輕女孩, 年輕男孩, 小小孩, 男嬰, 女嬰, 青春期少年",
    ),
    (
        Trait(Child),
        "未成年, 學齡前, 學齡, 稚嫩, 稚齡, 年幼, 幼小, 就讀國小, 就讀國中, 就讀高中, 就讀小學, 國小, 國中, 高中, 小學, 幼稚園, 幼兒園, 青春期, 年紀很小, 年紀尚小",
    ),
    (
        Person(Elder),
        "老人, 老人家, 老先生, 老太太, 老婦人, 老婦, 老翁, 老伯, 老伯伯, 老奶奶, 老爺爺, 老阿嬤, 老阿公, 老阿伯, 老阿姨, 長者, 長輩, 耆老, 年長者, 高齡者, 老年人, \
         老夫婦, 老夫妻, 老公公, 老婆婆, 老爺子, 老漢, 老嫗, 阿公, 阿嬤, 阿媽, 阿伯, 爺爺, 奶奶, 祖父, 祖母, 祖父母, 外公, 外婆, 姥姥, 銀髮族, 銀髮長者, 樂齡族, 老爸爸, 老媽媽, \
         老夫人, 老女士, 老紳士, 老大爺, 老大娘, 大爺, 歐吉桑, 老男人, 老女人, 老年男子, 老年女子, 老年男性, 老年女性, 中老年人",
    ),
    (
        Trait(Elder),
        "年長, 年邁, 高齡, 老年, 年老, 銀髮, 樂齡, 年事已高, 年紀大, 年紀較大, 年紀較長, 年紀頗大, 年紀稍長, 上了年紀, 有點年紀, 有年紀, 上年紀, 退休, 蒼老, 老邁, 滿頭白髮, 白髮蒼蒼, \
         白髮斑斑, 滿頭銀髮, 滿頭銀絲, 鬢髮斑白, 鬢髮花白, 花甲, 古稀, 耄耋, 中老年, 中高齡, 年歲已高, 歲數較大, 垂垂老矣, 老態, 鶴髮童顏, 年紀老, 暮年, 晚年, 老態龍鍾, 白髮老",
    ),
    (
        Person(Adult),
        "成年人, 成人, 大人, 年輕人, 青年, 青年人, 中年人, 年輕男子, 年輕女子, 年輕男性, 年輕女性, 年輕小姐, 年輕媽媽, 年輕爸爸, 小伙子, 大學生, 大學學生, 研究生, 碩士生, 博士生, \
         大專生, 媽媽, 爸爸, 母親, 父親, 爸媽, 父母, 家長, 大叔, 大媽, 大男孩, 大女孩, 阿姨, 叔叔, 中年男子, 中年女子, 中年男性, 中年女性, 中年婦女, 年輕男生, 年輕女生, 年輕男女, 輕熟女, 熟女, 少婦, 孕婦, 年輕夫婦, 年輕情侶",
    ),
    (Trait(Adult), "中年, 壯年, 青壯年, 成年, 年輕, 而立之年, 不惑之年, 弱冠之年, 大學, 就讀大學"),
    (
        Someone,
        "男子, 女子, 男性, 女性, 男人, 女人, 男士, 女士, 婦人, 婦女, 先生, 小姐, 太太, 男生, 女生, 紳士, 孫子, 孫女, 兒子, 女兒, 夫妻, 夫婦, 情侶, 家人, 一家人, 同伴, 朋友, \
         同事, 友人, 學生, 員工, 工作人員, 導覽員, 妻子, 丈夫, 老婆, 老公, 哥哥, 姊姊, 姐姐, 弟弟, 妹妹, 帥哥, 美女",
    ),
    (Anyone, "人物, 訪客, 民眾, 參觀者, 觀眾, 遊客, 來賓, 使用者, 顧客, 客人, 人, 旅客, 路人, 對象, 男, 女"),
    (
        Sign,
        "白髮, 灰髮, 銀髮絲, 白頭髮, 灰白頭髮, 灰白的頭髮, 灰白短髮, 灰白髮, 白色頭髮, 白色的頭髮, 白色短髮, 灰色頭髮, 灰色的頭髮, 銀白頭髮, 銀白色頭髮, 銀白色的頭髮, 銀色頭髮, 銀白短髮, 銀灰色頭髮, \
         花白, 花白頭髮, 頭髮花白, 頭髮灰白, 頭髮斑白, 頭髮全白, 頭髮已白, 頭髮蒼白, 斑白, 皺紋, 滿臉皺紋, 臉上有皺紋, 老花眼鏡, 白鬍子, 白鬍鬚, 鬚髮皆白, 灰白鬍子, 老人斑, 頭髮銀白, 頭髮發白, 頭髮已經花白",
    ),
    (
        School,
        "校服, 學校制服, 學生制服, 學生服, 國中制服, 高中制服, 國小制服, 小學制服, 中學制服, 幼稚園制服, 幼兒園制服, 水手服, 校服裙, 學校運動服, 學校體育服, 學校的制服, 學生的制服, 卡其制服, 童軍制服, 童軍服, 制服的學生, \
         學生穿著制服, 學生穿制服, 學生身穿制服, 制服學生, 書包的學生, 背書包, 背著書包, 揹著書包, 揹書包, 校徽, 校外教學",
    ),
    (
        Formal,
        "西裝, 西服, 西裝外套, 西裝褲, 西裝背心, 成套西裝, 深色西裝, 套裝, 襯衫領帶, 領帶, 領結, 正裝, 正式服裝, 正式服飾, 正式套裝, 正式的服裝, 穿著正式, 衣著正式, 打扮正式, 正式打扮, 正式, 商務, 商務服裝, 商務人士, \
         商務套裝, 商務休閒, 商業人士, 上班族, 專業人士, 專業服裝, 職業裝, 職業套裝, 燕尾服, 晚禮服, 禮服, 窄裙, 白袍, 實驗衣, 實驗袍, 實驗室白袍, 醫師袍, 醫生袍, 醫師, 醫生, 護理師, 護士, 護士服, 護理服, 刷手服, 手術服, 聽診器, \
         警察制服, 警察, 員警, 警衛制服, 保全制服, 保全人員, 警衛, 軍裝, 軍服, 機師制服, 空服員, 空服員制服, 公司制服, 工作制服, 員工制服, 工作服, 主管, 高階主管, 資深主管, 經理, 律師, 教授, 企業家, 白領, 幹練, 上班服裝, 上班打扮, 商人, 正裝打扮, 辦公室穿著, \
         資深工程師, 資深經理, 資深研究員, 西裝革履",
    ),
    (
        Business,
        "公事包, 公文包, 識別證, 工作證, 員工證, 名牌, 胸牌, 掛牌, 證件, 識別牌, 吊牌, 辦公室, 辦公桌, 辦公環境, 辦公場所, 會議室, 會議桌, 辦公大樓, 職場, 商務環境, 名片, 研討會, 會議",
    ),
    (
        Casual,
        "休閒, 休閒服, 休閒裝, 休閒裝扮, 休閒服飾, 休閒套裝, 休閒打扮, T恤, t恤, 短袖t恤, 牛仔褲, 牛仔, 牛仔外套, 連帽衫, 連帽上衣, 連帽外套, 帽t, 運動服, 運動衫, 運動套裝, 運動鞋, 運動褲, 球鞋, 短褲, 涼鞋, 拖鞋, 背心, 毛衣, 針織衫, \
         衛衣, 棒球帽, 鴨舌帽, 格子襯衫, 花襯衫, 便服, 便裝, 隨性, 輕鬆打扮, 泳衣, 泳裝, 睡衣, 家居服, 吊帶褲, 球衣, 羽絨外套, 風衣外套, polo衫, 大學t, 運動外套, 瑜珈褲, 工裝褲, 潛水衣, 連身褲, 夾克",
    ),
    (
        Nobody,
        "沒有人, 沒有任何人, 沒有人物, 沒有任何人物, 無人, 空無一人, 沒人, 沒有看到人, 沒看到人, 看不到人, 看不到任何人, 看不見人, 不見人影, 未見人影, 未見任何人, 未見人物, 沒有偵測到人, 未偵測到人, 未偵測到任何人, 未發現人, 沒有訪客, 沒有民眾, \
         沒有參觀者, 沒有遊客, 沒有觀眾, 空蕩蕩, 空無人跡, 沒有人影, 沒有其他人, 沒有出現人, 沒有出現任何人, 無任何人, 無人物, 無法看到人, 四下無人, 空的, 空房間, 空教室, 空椅子, 空座位, 空辦公室, 空會議室, 並沒有人, 並無人, 無一人, 沒有明顯的人, 沒有可見的人",
    ),
    (Background, "背景中, 背景裡, 背景有, 背景是, 遠處, 後方有, 後方是, 身後有, 背後有, 路過"),
    (
        Nothing,
        "無人機, 無人商店, 無人車, 無人載具, 老師, 老闆, 老舊, 老式, 老花, 老虎, 老鼠, 老實, 老家, 老街, 古老, 嬰兒車, 嬰兒推車, 嬰兒背帶, 嬰兒床, 娃娃車, 童裝, 童話, 童心, 童趣, 兒童節, 兒童樂園, 兒童區, 兒童館, \
         兒童展, 兒童繪本, 兒童座椅, 兒童博物館, 兒童友善, 小孩友善, 親子區, 孩子氣, 少女心, 少年漫畫, 青年旅館, 青年公園, 年輕化, 名牌包, 名牌包包, 西裝頭, 運動套裝, 睡衣套裝, 領帶夾, 大人小孩, 成人之美, 工業, 人工, 人員, 人偶, \
         人體, 人行道, 人類, 人臉, 個人, 主人, 機器人, 別人, 他人, 其他人, 其他人物, 他人物, 行人, 迷人, 動人, 感人, 驚人, 令人, 本人, 人潮, 人造, 人群中, 人像, 戀人, 人形, 名人, 雪人, 人手, 大人物, 教學, 男裝, 女裝, 男款, 女款, 女用, 男用, \
         外公外婆家, 高中低, 國中之, 大學校園, 大學城, 大學t恤, 大學T, 高齡化, 退休金, 退休制度, 非正式, 不正式, 正式開始, 銀髮飾, 中年級, 高年級, 低年級, 校園, 空的手, 空的杯子, 會議中心, 證件照, 小學堂, 樂齡學堂, 男友, 女友, \
         護士鞋, 機長, 時尚套裝, 化妝套裝, 皺紋紙, 白髮夾, 長者友善",
    ),
];
