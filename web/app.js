// Wires the page: frames change the transcript, which is shown and told; what the visitor does is sent.

import { Camera } from './camera.js';
import { Composer } from './composer.js';
import { Connection } from './connection.js';
import { Conversation } from './conversation.js';
import { button, fill, h, icon } from './dom.js';
import { errorWords, language, languageOf, setLanguage, spoken, t, wordsFor } from './i18n.js';
import { Idle, kiosk } from './kiosk.js';
import { Announcer, Microphone, Reader } from './speech.js';
import { Transcript } from './transcript.js';

// All in milliseconds.
const SAVE_AFTER = 300;
const UNATTENDED = 15_000; // until a kiosk presses its own button

const COMPARED = ['sequential', 'parallel', 'race'];

const ui = Object.fromEntries([...document.querySelectorAll('[id]')].map((node) => [node.id, node]));
const settings = [...ui.settings.querySelectorAll('select')];
for (const { options } of settings) for (const option of options) option.value = option.value; // before labels replace it

/** What survives a reload: one record, so that sequence number and text always agree. */
const kept = load();
const transcript = new Transcript(kept.conversation);
/** From a visitor's `forget` until the new epoch: nothing that comes between is for the next one. */
let isForgetting = kept.isForgetting ?? false;
let house = kept.house ?? { suggestions: {}, visitors: [] };
let muted; // the reply that the visitor talked over: no more of it is read aloud
let saveTimer = 0;

const announcer = new Announcer(ui.announcer);
const reader = new Reader();
const conversation = new Conversation(ui.log, ui.scroller, ui.newest, {
	ask, compare, edit, say: (words) => announcer.say(words), strategy: () => house.strategy,
});
const composer = new Composer(ui.composer, ask, prepare);
const connection = new Connection(kept.identity, takeToken(), receive, followConnection);
const camera = new Camera(ui.preview, (still) => isForgetting || connection.send(still), showCamera);
const microphone = new Microphone(hear, showMicrophone);
const idle = kiosk.isOn && new Idle(isBusy, showCountdown, reset);

function load() {
	try {
		return JSON.parse(sessionStorage.rapport);
	} catch {
		return {};
	}
}

function save() {
	clearTimeout(saveTimer);
	saveTimer = 0;
	const { identity, token } = connection;
	const record = {
		conversation: transcript, identity, token, isForgetting, house, draft: ui.question.value,
		language: language(), settings: settings.map(({ value }) => value),
	};
	try {
		sessionStorage.rapport = JSON.stringify(record);
	} catch {} // full, or switched off
}

/** A token in the page's address (`#token=T`), taken out of sight. */
function takeToken() {
	const token = new URLSearchParams(location.hash.slice(1)).get('token');
	if (token) history.replaceState(null, '', location.pathname + location.search);
	return token ?? kept.token;
}

function receive(frame) {
	if (frame.type === 'session') begin(frame);
	else if (!isForgetting) follow(frame); // else it is of the visitor who left
}

function follow(frame) {
	const { turn, delta } = transcript.apply(frame);
	if (turn) {
		conversation.show(turn, delta);
		tell(turn, delta);
	} else if (frame.type === 'description') {
		showCamera();
	} else if (frame.type === 'error' && !frame.turn_id && frame.code !== 'unauthorized') {
		fill(ui.notice, errorWords(frame));
	}
	afterChange();
}

function begin(frame) {
	const { before } = frame;
	const isSame = before?.sessionId === frame.session_id;
	const isNewEpoch = isSame && before.epoch !== frame.epoch;
	ui.builtin.hidden = frame.server !== 'builtin';
	if (isForgetting) {
		if (isSame && !isNewEpoch) return connection.send({ type: 'forget' }); // asked for while nobody listened
		isForgetting = false;
	} else if (isNewEpoch) {
		wipe();
	} else if (!frame.resumed) {
		transcript.description = null;
		const cutOff = transcript.cutOff(!isSame);
		transcript.restore(frame.snapshot?.turn);
		for (const turn of cutOff) {
			conversation.show(turn);
			tell(turn);
		}
	}
	showCamera();
	learnHouse();
	afterChange();
}

async function learnHouse() {
	const headers = connection.token ? { authorization: `Bearer ${connection.token}` } : {};
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
	transcript.unsend();
	for (const turn of transcript.unsent()) conversation.show(turn);
	afterChange();
}

function reconnect(state) {
	if (connection.state !== state) return;
	if (state === 'replaced') connection.identity = undefined; // another window has the old one
	connection.connect();
}

function tell(turn, delta) {
	for (const voice of turn.group || turn === muted ? [announcer] : [announcer, reader]) {
		if (delta) voice.feed(delta);
		else if (turn.status !== 'running') voice.finish();
	}
	if (!delta) announcer.say(wordsFor(`status.${turn.status}`));
}

function ask(question) {
	hush();
	cancelQueued(({ group }) => group);
	const turn = add(question, { description: ui.visitor.value || undefined, strategy: ui.strategy.value || undefined });
	camera.look();
	// It interrupts what runs, unless others wait before it.
	if (transcript.unsent().length === 1) transmit(turn);
	conversation.show(turn);
	conversation.follow();
	if (connection.state === 'ended') connection.connect();
	attract(false);
	composer.focus();
	afterChange();
}

function add(question, how) {
	const turn = transcript.ask(question, how);
	for (const old of transcript.trim()) conversation.remove(old);
	return turn;
}

function compare({ question, description }) {
	const group = `compared-${performance.now()}`;
	for (const strategy of COMPARED) conversation.show(add(question, { strategy, group, description }));
	conversation.follow(ui.log.lastElementChild);
	afterChange();
}

function edit(question) {
	composer.write([question, ui.question.value].filter(Boolean).join('\n')); // a draft stays, behind
	ui.question.focus();
}

function transmit(turn) {
	const { id, question, strategy, description } = turn;
	turn.sent = !isForgetting
		&& connection.send({ type: 'message', id, text_user_msg: question, strategy, user_description: description });
}

/** Sends the next queued question, once nothing runs that it would interrupt. */
function sendQueued() {
	const [next] = transcript.unsent();
	if (!next || transcript.active()) return;
	transmit(next);
	if (next.sent) conversation.show(next);
}

function prepare() {
	silence();
	connection.send({ type: 'typing' });
	camera.look();
}

function stop() {
	hush();
	cancelQueued(() => true);
	const active = transcript.active();
	if (active) {
		active.isStopped = true;
		connection.send({ type: 'cancel', turn_id: active.turnId });
	}
	composer.focus();
	afterChange();
}

function cancelQueued(isMeant) {
	for (const turn of transcript.unsent().filter(isMeant)) {
		turn.status = 'cancelled';
		conversation.show(turn);
	}
}

function silence() {
	muted = transcript.active();
	reader.clear();
}

function hush() {
	silence();
	microphone.stop();
}

function forget() {
	wipe();
	if (!isForgetting) connection.send({ type: 'forget' });
	isForgetting = connection.identity !== undefined;
	composer.focus();
	afterChange();
	save();
}

function wipe() {
	hush();
	transcript.turns = [];
	transcript.description = null;
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
	transcript.description = connection.send({ type: 'typing', refresh: true }) ? undefined : null; // not yet, or unknown
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

const isReplying = () => connection.state === 'open' && transcript.active() !== undefined;

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
	sendQueued();
	ui.welcome.hidden = transcript.turns.length > 0;
	const canStop = transcript.unsent().length > 0 || isReplying();
	if (!canStop && document.activeElement === ui.stop) composer.focus();
	composer.update(canStop);
	saveTimer ||= setTimeout(save, SAVE_AFTER);
}

function showConnection() {
	const { state, lastError } = connection;
	document.documentElement.dataset.link = state;
	ui.banner.hidden = state === 'open' || state === 'connecting';
	if (ui.banner.hidden) return;
	const words = t(state === 'waiting' && !navigator.onLine ? 'banner.offline' : `banner.${state}`);
	ui.why.textContent = state === 'refused' ? wordsFor(`error.${lastError}`, words) : words;
}

function showCamera() {
	const chosen = ui.visitor.value;
	const text = chosen || transcript.description;
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
for (const turn of transcript.turns) conversation.show(turn);
composer.write(kept.draft ?? '');

const clicks = {
	forget, 'not-me': lookAgain, look: switchCamera, read: switchReader, microphone: () => microphone.toggle(),
	stay, again: () => connection.connect(),
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
attract(!transcript.turns.length);
afterChange();
connection.connect();
