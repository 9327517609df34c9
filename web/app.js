// Wires the page: what Rapport tells is shown and said; what the visitor does is sent.

import { Camera } from './camera.js';
import { Composer } from './composer.js';
import { Conversation } from './conversation.js';
import { button, fill, h, icon } from './dom.js';
import { errorWords, language, languageOf, setLanguage, spoken, t, wordsFor } from './i18n.js';
import { Idle, kiosk } from './kiosk.js';
import { Rapport } from './rapport.js';
import { Announcer, Microphone, Reader } from './speech.js';

// All in milliseconds.
const SAVE_AFTER = 300;
const UNATTENDED = 15_000; // until a kiosk presses its own button

const KEPT_TURNS = 40;
const OPEN = ['waiting', 'running'];

const COMPARED = ['sequential', 'parallel', 'race'];

const ui = Object.fromEntries([...document.querySelectorAll('[id]')].map((node) => [node.id, node]));
const settings = [...ui.settings.querySelectorAll('select')];
for (const { options } of settings) for (const option of options) option.value = option.value; // before labels replace it

/** What survives a reload, beside what `rapport` keeps. */
const kept = load();
const token = takeToken();
const rapport = new Rapport(new URL('ws', location.href.replace('http', 'ws')).href, { token, get storage() { return sessionStorage; } });
const turns = (kept.turns ?? []).map((turn) => rapport.turns.find(({ message }) => message.id === turn.message.id)
	?? { ...turn, ...(OPEN.includes(turn.status) && { status: 'lost' }) });
let description = kept.description; // the camera's last
let house = kept.house ?? { suggestions: {}, visitors: [] };
let muted; // the reply that the visitor talked over: no more of it is read aloud
let saveTimer = 0;

const announcer = new Announcer(ui.announcer);
const reader = new Reader();
const conversation = new Conversation(ui.log, ui.scroller, ui.newest, {
	ask, compare, edit, say: (words) => announcer.say(words), strategy: () => house.strategy,
});
const composer = new Composer(ui.composer, ask, prepare);
const camera = new Camera(ui.preview, (still) => rapport.image(still), showCamera);
const microphone = new Microphone(hear, showMicrophone);
const idle = kiosk.isOn && new Idle(isBusy, showCountdown, reset);

function load() {
	try {
		return JSON.parse(sessionStorage.page);
	} catch {
		return {};
	}
}

function save() {
	clearTimeout(saveTimer);
	saveTimer = 0;
	const record = {
		turns, description, token, house, draft: ui.question.value,
		language: language(), settings: settings.map(({ value }) => value),
	};
	try {
		sessionStorage.page = JSON.stringify(record);
	} catch {} // full, or switched off
}

/** A token in the page's address (`#token=T`), taken out of sight. */
function takeToken() {
	const token = new URLSearchParams(location.hash.slice(1)).get('token');
	if (token) history.replaceState(null, '', location.pathname + location.search);
	return token ?? kept.token;
}

function follow({ turn, delta }) {
	if (!turns.includes(turn)) return;
	const { tone, report, message } = turn;
	if (tone) tone.seen ??= { client: message.user_description, fallback: '' }[tone.outcome] ?? description ?? '';
	if (report?.status === 'cancelled' && !turn.isStopped) turn.status = 'lost'; // the server stopped
	conversation.show(turn, delta);
	tell(turn, delta);
	afterChange();
}

function begin({ resumed, forgotten, server }) {
	ui.builtin.hidden = server !== 'builtin';
	if (forgotten) wipe();
	if (!resumed) description = null;
	showCamera();
	learnHouse();
	afterChange();
}

function see({ source, text }) {
	if (source !== 'client') description = text;
	showCamera();
	afterChange();
}

async function learnHouse() {
	const headers = token ? { authorization: `Bearer ${token}` } : {};
	const response = await fetch('house.json', { headers }).catch(() => ({}));
	if (!response.ok) return; // the next session asks again
	const news = await response.json();
	if (JSON.stringify(news) !== JSON.stringify(house)) { // else a suggestion under a finger stays
		house = news;
		showHouse();
	}
	if (kiosk.camera && house.camera && !camera.isOn) switchCamera();
}

function followConnection(state) {
	const wasLost = !ui.banner.hidden;
	showConnection();
	if (state === 'open') return wasLost && announcer.say(t('connected'));
	if (idle && state !== 'waiting') setTimeout(reconnect, UNATTENDED, state);
	afterChange();
}

function reconnect(state) {
	if (rapport.state !== state) return;
	if (state === 'replaced') rapport.identity = undefined; // another window has the old one
	rapport.connect();
}

function tell(turn, delta) {
	for (const voice of turn.group || turn === muted ? [announcer] : [announcer, reader]) {
		if (delta) voice.feed(delta);
		else if (turn.status !== 'running') voice.finish();
	}
	if (!delta) announcer.say(wordsFor(`status.${turn.status}`));
}

const active = () => rapport.turns.find(({ sent }) => sent);
const unsent = () => rapport.turns.filter(({ sent }) => !sent);

function ask(question) {
	hush();
	rapport.cancel(unsent().filter(({ group }) => group));
	// It interrupts what runs, unless others wait before it.
	const queue = rapport.state !== 'open' || unsent().length > 0;
	add(question, { user_description: ui.visitor.value || undefined, strategy: ui.strategy.value || undefined, queue });
	camera.look();
	conversation.follow();
	if (rapport.state === 'ended') rapport.connect();
	attract(false);
	composer.focus();
	afterChange();
}

function add(question, how, group) {
	const turn = Object.assign(rapport.ask(question, how), { group });
	turns.push(turn);
	for (const old of turns.splice(0, turns.length - KEPT_TURNS)) conversation.remove(old);
	conversation.show(turn);
}

function compare({ text_user_msg: question, user_description }) {
	const group = `compared-${performance.now()}`;
	for (const strategy of COMPARED) add(question, { strategy, user_description, queue: true }, group);
	conversation.follow(ui.log.lastElementChild);
	afterChange();
}

function edit(question) {
	composer.write([question, ui.question.value].filter(Boolean).join('\n')); // a draft stays, behind
	ui.question.focus();
}

function prepare() {
	silence();
	rapport.typing();
	camera.look();
}

function stop() {
	hush();
	for (const turn of rapport.turns) turn.isStopped = true;
	rapport.cancel();
	composer.focus();
	afterChange();
}

function silence() {
	muted = active();
	reader.clear();
}

function hush() {
	silence();
	microphone.stop();
}

function forget() {
	wipe();
	rapport.forget();
	composer.focus();
	afterChange();
	save();
}

function wipe() {
	hush();
	turns.length = 0;
	description = null;
	conversation.clear();
	announcer.clear();
	composer.write('');
	ui.visitor.value = '';
	if (kiosk.camera) camera.rest();
	else camera.stop();
	fill(ui.notice, '');
	showCamera();
}

function lookAgain() {
	ui.visitor.value = '';
	description = rapport.typing(true) ? undefined : null; // not yet, or unknown
	camera.look();
	showCamera();
	composer.focus();
}

function hear(words, isFinal) {
	composer.write(words);
	if (isFinal) composer.submit();
}

function switchCamera() {
	if (camera.isOn) return camera.stop();
	if (!kiosk.camera) camera.look();
	camera.start().catch(() => fill(ui.notice, t('camera.fails')));
}

function switchReader() {
	reader.isOn = !reader.isOn;
	reader.clear();
	ui.read.ariaPressed = reader.isOn;
}

function isBusy() {
	return reader.isSpeaking || microphone.isListening || isReplying();
}

const isReplying = () => rapport.state === 'open' && active() !== undefined;

function showCountdown(seconds) {
	const wasHidden = ui.countdown.hidden;
	ui.countdown.hidden = !seconds || isAttracting(); // there, nothing is left to clear
	if (ui.countdown.hidden) return;
	ui.left.textContent = t('countdown', { s: seconds });
	if (wasHidden) announcer.say(ui.left.textContent);
}

const isAttracting = () => !ui.begin.hidden;

function reset() {
	for (const select of settings) select.selectedIndex = 0;
	if (reader.isOn) switchReader();
	ui.settings.hidePopover();
	applySettings();
	speak(spoken(kiosk.lang));
	attract(true);
	forget();
}

function attract(isOn) {
	if (!idle) return;
	ui.begin.hidden = !isOn;
	ui.footer.hidden = isOn;
	document.documentElement.classList.toggle('attract', isOn);
	if (isOn) idle.disarm();
	else stay();
}

function stay() {
	idle.arm();
	composer.focus();
}

function afterChange() {
	ui.welcome.hidden = turns.length > 0;
	const canStop = unsent().length > 0 || isReplying();
	if (!canStop && document.activeElement === ui.stop) composer.focus();
	composer.update(canStop);
	saveTimer ||= setTimeout(save, SAVE_AFTER);
}

function showConnection() {
	const { state } = rapport;
	document.documentElement.dataset.link = state;
	ui.banner.hidden = state === 'open' || state === 'connecting';
	if (ui.banner.hidden) return;
	ui.why.textContent = t(state === 'waiting' && !navigator.onLine ? 'banner.offline' : `banner.${state}`);
}

function showCamera() {
	const chosen = ui.visitor.value;
	const text = chosen || description;
	const words = text === undefined ? t('camera.looking') : text === '' ? t('camera.nobody') : '';
	ui.seen.textContent = text ? t(chosen ? 'camera.client' : 'camera.sees', { text }) : words;
	ui.seen.lang = text ? languageOf(text) : language();
	ui['not-me'].hidden = text == null;
	ui.live.hidden = ui.preview.hidden = !camera.isOn;
	ui.look.ariaPressed = camera.isOn;
	ui.camera.hidden = !ui.seen.textContent && !camera.isOn && !house.visitors.length;
}

function showMicrophone(isListening, error) {
	if (isListening) prepare();
	ui.microphone.ariaPressed = isListening;
	ui.question.placeholder = t(isListening ? 'listening' : 'placeholder');
	if (error && !['aborted', 'no-speech'].includes(error)) fill(ui.notice, t('error.speech'));
}

function showHouse() {
	const all = house.suggestions;
	const questions = all[language()]?.length ? all[language()] : Object.values(all).flat();
	ui.suggestions.hidden = !questions.length;
	ui.suggestions.replaceChildren(...questions.map((question) =>
		h('li', Object.assign(button('suggestion', question, () => ask(question)), { lang: languageOf(question) }))));
	const chosen = ui.visitor.value;
	const visitors = house.visitors.filter((text) => languageOf(text) === language() || text === chosen);
	ui.visitor.replaceChildren(...['', ...visitors].map((text) => new Option(text || t('visitor.'), text)));
	ui.visitor.value = visitors.includes(chosen) ? chosen : '';
	ui.visitor.parentElement.hidden = !visitors.length;
	ui.look.hidden = !house.camera || !Camera.isPossible || kiosk.camera;
	showCamera();
}

function applySettings() {
	for (const { name, value } of settings) document.documentElement.dataset[name] = value;
}

function speak(next) {
	setLanguage(next);
	ui.question.placeholder = t('placeholder');
	const other = next === 'en' ? 'zh-Hant' : 'en';
	Object.assign(ui.language, { textContent: other === 'en' ? 'English' : '中文', lang: other, onclick: () => speak(other) });
	for (const { name, options } of settings) for (const option of options) option.textContent = t(`${name}.${option.value}`);
	showHouse();
	showConnection();
	conversation.relabel();
	composer.update();
}

if (kept.settings) settings.forEach((select, at) => { select.value = kept.settings[at]; });
applySettings();
for (const node of document.querySelectorAll('[data-icon]')) node.append(icon(node.dataset.icon));
document.documentElement.classList.toggle('kiosk', kiosk.isOn);
document.documentElement.classList.toggle('public', kiosk.isPublic);
ui.microphone.hidden = !Microphone.isPossible;
ui.read.hidden = !Reader.isPossible;
speak(kiosk.lang ? spoken(kiosk.lang) : kept.language ?? spoken());
for (const turn of turns) conversation.show(turn);
composer.write(kept.draft ?? '');

const events = {
	session: begin, turn: follow, description: see, state: followConnection,
	error: (frame) => { if (frame.code !== 'unauthorized') fill(ui.notice, errorWords(frame)); },
};
for (const [name, act] of Object.entries(events)) rapport.addEventListener(name, ({ detail }) => act(detail));
const clicks = {
	forget, 'not-me': lookAgain, look: switchCamera, read: switchReader, microphone: () => microphone.toggle(),
	stay, again: () => rapport.connect(),
	stop: ({ detail }) => { if (detail < 2) stop(); }, // not by the second click on Send, which was here
	scroller: () => { if (isAttracting()) attract(false); },
};
for (const [id, act] of Object.entries(clicks)) ui[id].onclick = act;
ui.composer.oninput = hush;
ui.visitor.onchange = () => (ui.visitor.value ? showCamera() : lookAgain());
ui.settings.onchange = () => { applySettings(); save(); };
for (const change of ['online', 'offline']) addEventListener(change, showConnection);
for (const sign of ['click', 'keydown', 'input']) addEventListener(sign, () => fill(ui.notice, ''), true);
addEventListener('pagehide', save);
addEventListener('keydown', (event) => {
	if (event.key === 'Escape' && !event.isComposing && composer.canStop && !ui.settings.matches(':popover-open')) stop();
});
composer.focus();
attract(!turns.length);
afterChange();
