// Every string that a visitor can read, in both languages. Nothing else on the page holds words.

/** @typedef {'en' | 'zh-Hant'} Language */

/** @type {Record<string, [string, string]>} English, 繁體中文 */
const STRINGS = {
  title: ['Guide · Rapport', '導覽 · Rapport'],
  subtitle: ['Your guide', '您的導覽員'],
  builtin: ['Built-in engine, no model', '內建引擎，未使用模型'],
  forget: ['New visitor', '換下一位'],
  conversation: ['Conversation', '對話'],
  'welcome.title': ['Welcome. What would you like to know?', '歡迎光臨，您想知道什麼？'],
  'welcome.text': ['Ask in your own words. I answer from this house’s documents and tell it in the way that suits you.', '請用自己的話提問。我依據館方資料回答，並用適合您的方式說明。'],
  suggestions: ['Questions to start with', '可以從這些問題開始'],
  'suggestion.1': ['What are the opening hours?', '開放時間是幾點到幾點？'],
  'suggestion.2': ['Who founded the museum?', '誰創辦了這座博物館？'],
  'suggestion.3': ['How much is a ticket?', '門票多少錢？'],
  question: ['Your question', '您的問題'],
  placeholder: ['Ask a question…', '請輸入您的問題…'],
  send: ['Send', '送出'],
  stop: ['Stop', '停止'],
  left: ['{count} characters left', '還可輸入 {count} 字'],
  over: ['{count} characters too many', '超過 {count} 字'],
  you: ['You asked', '您的提問'],
  guide: ['Answer', '回答'],
  thinking: ['One moment…', '請稍候…'],
  queued: ['Will be sent as soon as the connection is back.', '恢復連線後會立即送出。'],
  askAgain: ['Ask again', '再問一次'],
  'camera.sees': ['The camera sees: {text}', '鏡頭看到：{text}'],
  'camera.client': ['You were described as: {text}', '您的描述：{text}'],
  'camera.nobody': ['The camera sees nobody right now.', '鏡頭前目前沒有人。'],
  'camera.looking': ['Looking again…', '正在重新看一次…'],
  'camera.saw': ['The camera saw: {text}', '當時鏡頭看到：{text}'],
  notMe: ['That’s not me', '這不是我'],
  tone: ['Tone: {tone}', '語氣：{tone}'],
  'tone.child': ['child', '兒童'],
  'tone.elder': ['elder', '長者'],
  'tone.professional': ['professional', '專業'],
  'tone.casual': ['casual', '輕鬆'],
  because: ['Because: {words}', '依據：{words}'],
  'chosen.model': ['Chosen by a model from the description.', '由模型依描述選定。'],
  'chosen.client': ['Chosen for this question.', '由這次提問指定。'],
  'chosen.fallback': ['Nothing pointed to another tone.', '沒有線索指向其他語氣。'],
  'outcome.fresh': ['seen just now', '剛剛看到'],
  'outcome.cached': ['seen a moment ago', '稍早看到'],
  'outcome.client': ['as you were described', '依您提供的描述'],
  'outcome.fallback': ['without the camera', '未使用鏡頭'],
  sources: ['From: {sources}', '資料來源：{sources}'],
  'time.first_token': ['First token {ms} ms', '首字 {ms} ms'],
  'time.total': ['total {ms} ms', '全部 {ms} ms'],
  'time.description': ['description {ms} ms', '描述 {ms} ms'],
  'status.interrupted': ['Interrupted by your next question.', '已被您的下一個問題中斷。'],
  'status.cancelled': ['Stopped.', '已停止。'],
  'status.failed': ['Something went wrong, so this answer is not complete.', '發生問題，這個回答不完整。'],
  'status.timed_out': ['This took too long, so the answer is not complete.', '等候過久，這個回答不完整。'],
  'status.lost': ['The connection broke off while this answer was coming.', '回答途中連線中斷了。'],
  'status.refused': ['This question was not accepted.', '這個問題未被接受。'],
  'degraded.describe': ['The camera could not be asked.', '無法取得鏡頭描述。'],
  'degraded.select': ['The tone is the usual one.', '使用一般語氣。'],
  'degraded.convert': ['Told plainly, without a tone.', '以原文呈現，未調整語氣。'],
  facts: ['Please check: {facts}', '請留意查證：{facts}'],
  'link.connecting': ['Connecting…', '連線中…'],
  'link.open': ['Connected', '已連線'],
  'link.waiting': ['Reconnecting…', '重新連線中…'],
  'link.replaced': ['Paused', '已暫停'],
  'link.refused': ['Not connected', '未連線'],
  'link.ended': ['Ended', '已結束'],
  'banner.waiting': ['The connection is lost. Trying again; what you write is kept.', '連線中斷，正在重試；您輸入的內容會保留。'],
  'banner.replaced': ['This conversation is open in another window.', '這段對話已在另一個視窗開啟。'],
  'banner.refused': ['The server does not let this page in.', '伺服器不允許這個頁面連線。'],
  'banner.ended': ['The conversation has ended.', '對話已結束。'],
  'action.waiting': ['Try now', '立即重試'],
  'action.replaced': ['Use it here', '改在這裡使用'],
  'action.refused': ['Try again', '再試一次'],
  'action.ended': ['Go on', '繼續'],
  'error.unauthorized': ['This page needs an access token: open it with the address you were given.', '此頁面需要存取權杖，請使用館方提供的網址開啟。'],
  'error.rate_limited': ['That was too fast. Please wait a moment.', '速度太快了，請稍候片刻。'],
  'error.question_too_long': ['It is too long.', '問題太長了。'],
  'error.busy': ['An answer is still running. Please wait for it.', '上一個回答還在進行，請稍候。'],
  'error.queue_full': ['Too many questions are waiting. Please wait for an answer.', '等待中的問題太多，請先等候回答。'],
  'error.shutting_down': ['The guide is closing for a moment.', '導覽服務即將暫停。'],
  'error.turn_timeout': ['Please ask again.', '請再問一次。'],
  'error.llm': ['The model that answers has a problem.', '回答用的模型出了問題。'],
};

/** @type {Language} */
let current = 'en';

/** The first language of the browser's list that the page speaks. @returns {Language} */
export function browserLanguage() {
  for (const tag of navigator.languages) {
    if (/^zh\b/i.test(tag)) return 'zh-Hant';
    if (/^en\b/i.test(tag)) return 'en';
  }
  return 'en';
}

/** The language that a text is written in, by its script. @param {string} text @returns {Language} */
export function languageOf(text) {
  return /\p{Script=Han}/u.test(text) ? 'zh-Hant' : 'en';
}

/** @returns {Language} */
export function language() {
  return current;
}

/** Switches the page's fixed strings over. @param {Language} next */
export function setLanguage(next) {
  current = next;
  document.documentElement.lang = next;
  document.title = t('title');
  for (const node of document.querySelectorAll('[data-t]')) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll('[data-label]')) node.ariaLabel = t(node.dataset.label);
  for (const node of document.querySelectorAll('[data-hint]')) node.placeholder = t(node.dataset.hint);
}

/**
 * A string in the current language, with its `{names}` filled in.
 * @param {string} key @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  return STRINGS[key][current === 'en' ? 0 : 1].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** Words for a name of the wire, or the fallback for one that the page does not know. @param {string} key @param {string} fallback */
export function wordsFor(key, fallback) {
  return Object.hasOwn(STRINGS, key) ? t(key) : fallback;
}

/** What an `error` frame means to a visitor, in the server's own words if need be. @param {{ code: string, message: string }} error */
export function errorWords({ code, message }) {
  return wordsFor(`error.${code.startsWith('llm_') ? 'llm' : code}`, message);
}

/** A whole number in the current language's notation. @param {number} value */
export function number(value) {
  return new Intl.NumberFormat(current).format(Math.round(value));
}
