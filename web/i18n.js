// All words that a visitor can read.

// key | English | 繁體中文
const STRINGS = `
builtin|Built-in engine, no model|內建引擎，未使用模型
forget|New visitor|換下一位
settings|Settings|設定
size|Text size|文字大小
size.1|Normal|一般
size.2|Large|大
size.3|Very large|特大
contrast|Contrast|對比
contrast.normal|Normal|一般
contrast.more|High|高對比
theme|Colours|配色
theme.auto|As the device|跟隨裝置
theme.light|Light|淺色
theme.dark|Dark|深色
strategy|Strategy|策略
strategy.|Default|預設
strategy.sequential|Sequential|循序
strategy.parallel|Parallel|並行
strategy.race|Race|競速
strategy.direct|Direct|直接
conversation|Conversation|對話
welcome.title|Welcome. What would you like to know?|歡迎光臨，您想知道什麼？
welcome.text|Ask in your own words. I answer from this house’s documents, in the way that suits you.|請用自己的話提問；我依據館方資料，用適合您的方式回答。
begin|Touch to begin|輕觸開始
countdown|Still there? This conversation will be cleared in {s} s.|您還在嗎？{s} 秒後將清除對話。
stay|I’m still here|我還在
question|Your question|您的問題
placeholder|Ask a question…|請輸入您的問題…
send|Send|送出
newest|To the newest|到最新的
stop|Stop|停止
edit|Edit|修改
copy|Copy|複製
copied|Copied|已複製
you|You asked|您的提問
guide|Answer|回答
thinking|One moment…|請稍候…
queued|Not sent yet.|尚未送出。
askAgain|Ask again|再問一次
listen|Speak your question|用說的提問
listening|Listening… speak now|聆聽中，請說話
readAloud|Read aloud|朗讀
camera|Use the camera|使用鏡頭
camera.on|Camera on|鏡頭開啟中
camera.fails|The camera can’t be used. Is it allowed and free?|無法使用鏡頭。是否已允許、未被占用？
camera.sees|Seen: {text}|看到：{text}
camera.client|You were described as: {text}|對您的描述：{text}
camera.nobody|The camera sees nobody.|鏡頭前沒有人。
camera.looking|Looking again…|重新看一次…
notMe|That’s not me|這不是我
visitor|Try as|模擬訪客
visitor.|Simulated camera|模擬鏡頭
tone|Tone: {tone}|語氣：{tone}
tone.child|child|兒童
tone.elder|elder|長者
tone.professional|professional|專業
tone.casual|casual|輕鬆
persona.child|Expedition captain|科學探險隊隊長
persona.elder|Senior guide|資深導覽員
persona.professional|Official guide|官方專家導覽員
persona.casual|Tech scout|科技嚮導
because|Because: {words}|依據：{words}
chosen.model|Chosen by a model.|由模型選定。
chosen.fallback|Nothing pointed to another tone.|沒有線索指向其他語氣。
sources|Sources|資料來源
time.first_token|First token {ms} ms|第一個字 {ms} ms
time.total|total {ms} ms|全部 {ms} ms
stage.prefetch|prefetch|預先描述
stage.describe|describe|描述
stage.rewrite|rewrite|改寫
stage.retrieve|retrieve|檢索
stage.answer|answer|回答
stage.select|select tone|選語氣
stage.convert|convert {n}|轉換 {n}
stage.opener|opener|開場
won.fresh|The camera won the race.|鏡頭勝出。
won.cached|The answer won: an earlier look set the tone.|回答勝出：語氣取自先前所見。
won.client|No race: described beforehand.|未競速：事先已描述。
won.fallback|The answer won: nobody was seen.|回答勝出：未看到人。
computed|Computed, not measured: {list}|推算而非實測：{list}
stage.asked|question|提問
compare|Compare the strategies|比較各策略
status.interrupted|Interrupted by your next question.|已被下一個問題中斷。
status.cancelled|Stopped.|已停止。
status.failed|Something went wrong: this answer is not complete.|發生問題，回答不完整。
status.timed_out|This took too long: the answer is not complete.|等候過久，回答不完整。
status.lost|The connection broke off during this answer.|回答途中連線中斷了。
status.refused|This question was not accepted.|問題未被接受。
degraded.convert|Told plainly, without a tone.|以原文呈現，未調整語氣。
facts|Please check: {facts}|請留意查證：{facts}
connected|Connected|已連線
banner.offline|This device is offline.|裝置目前離線。
banner.waiting|Connection lost. Trying again; what you write is kept.|連線中斷，重試中；您輸入的內容會保留。
banner.replaced|This conversation is open in another window.|對話已在另一個視窗開啟。
banner.ended|The conversation has ended.|對話已結束。
again|Connect now|立即連線
banner.refused|This page needs an access token: use the address you were given.|需要存取權杖，請使用館方提供的網址。
error.rate_limited|That was too fast. Please wait a moment.|太快了，請稍候。
error.copy|Copying is blocked.|無法複製。
error.question_too_long|The question is too long.|問題太長了。
error.speech|Speaking is not possible. Please type.|無法語音輸入，請改用鍵盤。
`;

const table = Object.fromEntries(STRINGS.split('\n').map((line) => line.split('|')).map((row) => [row[0], row]));

let current = 'en';

export function spoken(tag) {
	const known = [tag, ...navigator.languages].find((each) => /^(zh|en)\b/i.test(each ?? ''));
	return /^zh/i.test(known ?? '') ? 'zh-Hant' : 'en';
}

export const languageOf = (text) => (/\p{Script=Han}/u.test(text) ? 'zh-Hant' : 'en');

export const language = () => current;

export function setLanguage(next) {
	current = next;
	document.documentElement.lang = next;
	for (const node of document.querySelectorAll('[data-t]')) node.textContent = t(node.dataset.t);
	for (const node of document.querySelectorAll('[data-label]')) node.ariaLabel = t(node.dataset.label);
	for (const node of document.querySelectorAll('.icon')) node.title = node.ariaLabel ?? '';
}

export const t = (key, values = {}) =>
	(table[key]?.[current === 'en' ? 1 : 2] ?? key).replace(/\{(\w+)\}/g, (_, name) => String(values[name]));

export const wordsFor = (key, fallback = '') => (key in table ? t(key) : fallback);

export function errorWords({ code, message }) {
	return wordsFor(`error.${code}`, message);
}

export const number = (value) => new Intl.NumberFormat(current).format(Math.round(value));
