// Every string that a visitor can read, in both languages. Nothing else on the page holds words.

// key | English | 繁體中文
const STRINGS = `
title|Guide · Rapport|導覽 · Rapport
builtin|Built-in engine, no model|內建引擎，未使用模型
forget|New visitor|換下一位
settings|Settings|設定
close|Close|關閉
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
strategy.|The house’s own|館方設定
strategy.sequential|Sequential|循序
strategy.parallel|Parallel|並行
strategy.race|Race|競速
strategy.direct|Direct|直接
conversation|Conversation|對話
welcome.title|Welcome. What would you like to know?|歡迎光臨，您想知道什麼？
welcome.text|Ask in your own words. I answer from this house’s documents, in the way that suits you.|請用自己的話提問；我依據館方資料，用適合您的方式回答。
suggestions|Questions to start with|可以從這些問題開始
begin|Touch to begin|輕觸開始
countdown|Still there? All is wiped in {s} s.|您還在嗎？{s} 秒後清除。
stay|I’m still here|我還在
question|Your question|您的問題
placeholder|Ask a question…|請輸入您的問題…
send|Send|送出
stop|Stop|停止
edit|Edit|修改
copy|Copy|複製
copied|Copied|已複製
you|You asked|您的提問
guide|Answer|回答
thinking|One moment…|請稍候…
queued|Will be sent when the connection is back.|恢復連線後送出。
askAgain|Ask again|再問一次
listen|Speak your question|用說的提問
listening|Listening… speak now|聆聽中，請說話
readAloud|Read aloud|朗讀
camera|Use the camera|使用鏡頭
camera.on|Camera on|鏡頭開啟中
camera.preview|What the camera shows|鏡頭畫面
camera.denied|The camera can’t be used.|無法使用鏡頭。
camera.sees|The camera sees: {text}|鏡頭看到：{text}
camera.client|You were described as: {text}|您的描述：{text}
camera.nobody|The camera sees nobody.|鏡頭前沒有人。
camera.looking|Looking again…|重新看一次…
camera.saw|The camera saw: {text}|當時鏡頭看到：{text}
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
chosen.client|Chosen for this question.|由這次提問指定。
chosen.fallback|Nothing pointed to another tone.|沒有線索指向其他語氣。
sources|Sources|資料來源
time.first_token|First token {ms} ms|首字 {ms} ms
time.total|total {ms} ms|全部 {ms} ms
stage.describe|describe|描述
stage.rewrite|rewrite|改寫
stage.retrieve|retrieve|檢索
stage.answer|answer|回答
stage.select|select tone|選語氣
stage.convert|convert {n}|轉換 {n}
stage.opener|opener|開場
stage.first|first token|首字
won.fresh|The camera won: it looked before the first sentence was ready.|鏡頭勝出：首句完成前已看到您。
won.cached|The answer won: the camera’s last look chose the tone.|回答勝出：語氣取自鏡頭上次所見。
won.client|No race: the description came with the question.|未競速：描述隨提問送來。
won.fallback|The answer won: nobody was seen in time.|回答勝出：未及時看到您。
computed|Computed from these times, not measured: {list}.|依上列時間推算，非實測：{list}。
cost|{strategy} about {ms} ms|{strategy}約 {ms} ms
compare|Compare the strategies|比較各策略
status.interrupted|Interrupted by your next question.|已被下一個問題中斷。
status.cancelled|Stopped.|已停止。
status.failed|Something went wrong: this answer is not complete.|發生問題，回答不完整。
status.timed_out|This took too long: the answer is not complete.|等候過久，回答不完整。
status.lost|The connection broke off during this answer.|回答途中連線中斷了。
status.refused|This question was not accepted.|問題未被接受。
degraded.describe|The camera could not be asked.|無法取得鏡頭描述。
degraded.select|The tone is the usual one.|使用一般語氣。
degraded.convert|Told plainly, without a tone.|以原文呈現，未調整語氣。
facts|Please check: {facts}|請留意查證：{facts}
link.connecting|Connecting…|連線中…
link.open|Connected|已連線
link.lost|Not connected|未連線
banner.offline|This device is offline. What you write is kept.|裝置目前離線；您輸入的內容會保留。
banner.waiting|The connection is lost. Trying again; what you write is kept.|連線中斷，正在重試；您輸入的內容會保留。
banner.replaced|This conversation is open in another window.|對話已在另一個視窗開啟。
banner.refused|The server does not let this page in.|伺服器不允許連線。
banner.ended|The conversation has ended.|對話已結束。
again|Connect now|立即連線
error.unauthorized|This page needs an access token: open it with the address you were given.|需要存取權杖，請使用館方提供的網址。
error.rate_limited|That was too fast. Please wait a moment.|太快了，請稍候。
error.question_too_long|It is too long.|問題太長了。
error.busy|An answer is still running. Please wait.|上一個回答還在進行，請稍候。
error.queue_full|Too many questions are waiting. Please wait.|等待中的問題太多，請稍候。
error.shutting_down|The guide is closing for a moment.|導覽即將暫停。
error.turn_timeout|Please ask again.|請再問一次。
error.llm|The model has a problem.|模型出了問題。
error.image|The camera’s picture could not be used.|鏡頭畫面無法使用。
error.speech|Speaking is not possible. Please type.|無法語音輸入，請改用鍵盤。
`;

const table = Object.fromEntries(STRINGS.trim().split('\n').map((line) => line.split('|')).map(([key, ...words]) => [key, words]));

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
	document.title = t('title');
	for (const node of document.querySelectorAll('[data-t]')) node.textContent = t(node.dataset.t);
	for (const node of document.querySelectorAll('[data-label]')) node.ariaLabel = t(node.dataset.label);
	for (const node of document.querySelectorAll('.icon')) node.title = node.ariaLabel ?? '';
	for (const node of document.querySelectorAll('[data-hint]')) node.placeholder = t(node.dataset.hint);
}

export const t = (key, values = {}) =>
	(table[key]?.[current === 'en' ? 0 : 1] ?? key).replace(/\{(\w+)\}/g, (_, name) => String(values[name]));

export const wordsFor = (key, fallback = '') => (Object.hasOwn(table, key) ? t(key) : fallback);

export function errorWords({ code, message }) {
	const kind = /^llm_/.test(code) ? 'llm' : /image/.test(code) ? 'image' : code;
	return wordsFor(`error.${kind}`, message);
}

export const number = (value) => new Intl.NumberFormat(current).format(Math.round(value));
