// Wires the page together: frames go into the transcript, what they change goes to the conversation
// and the screen reader, and what the visitor does goes to the connection.

import { Announcer } from './announcer.js';
import { Composer } from './composer.js';
import { Connection } from './connection.js';
import { Conversation } from './conversation.js';
import { browserLanguage, errorWords, language, languageOf, setLanguage, t, wordsFor } from './i18n.js';
import { load, save } from './storage.js';
import { Transcript } from './transcript.js';

const SAVE_AFTER = 300; // ms
const LOOK_PATIENCE = 8_000; // ms until a camera that was asked again counts as seeing nobody
const SUGGESTIONS = ['suggestion.1', 'suggestion.2', 'suggestion.3'];

/** @param {string} id @returns {any} */
const $ = (id) => document.getElementById(id);

const kept = load();
const transcript = new Transcript(kept.conversation);
/** Set from the visitor's `forget` until the server has begun the new epoch: nothing that comes between is theirs. */
let isForgetting = kept.isForgetting ?? false;
let lookTimer = 0;
let saveTimer = 0;

const announcer = new Announcer($('announcer'));
const conversation = new Conversation($('log'), $('scroller'), ask);
const composer = new Composer($('composer'), $('counter'), ask, () => connection.send({ type: 'typing' }));
const connection = new Connection(kept.identity, takeToken(), receive, followConnection);

/** An access token in the page's address (`#token=T`), taken out of sight. */
function takeToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token) history.replaceState(null, '', location.pathname + location.search);
  return token ?? kept.token;
}

// ---- from the server

/** @param {Record<string, any>} frame */
function receive(frame) {
  if (frame.type === 'session') begin(frame);
  else if (!isForgetting) follow(frame); // else it is of the visitor who left
}

/** @param {Record<string, any>} frame */
function follow(frame) {
  const change = transcript.apply(frame);
  if (change) {
    conversation.show(change.turn, change.delta);
    tell(change.turn, change.delta);
  } else if (frame.type === 'description') {
    clearTimeout(lookTimer);
    showCamera();
  } else if (frame.type === 'error' && !frame.turn_id) {
    showNotice(errorWords(frame));
  }
  afterChange();
}

/** A session has begun, gone on, or changed its visitor. @param {Record<string, any>} frame */
function begin(frame) {
  const { before } = frame;
  const isSame = before?.sessionId === frame.session_id;
  const isNewEpoch = isSame && before.epoch !== frame.epoch;
  $('builtin').hidden = frame.server !== 'builtin';
  $('suggestions').hidden = !frame.demo; // they fit the demo's own museum
  if (isForgetting) {
    if (isSame && !isNewEpoch) {
      connection.send({ type: 'forget' }); // asked for while nobody listened
      return;
    }
    isForgetting = false;
  } else if (isNewEpoch) {
    wipe();
  } else if (!frame.resumed) {
    transcript.description = null;
    const cutOff = transcript.cutOff(!isSame);
    transcript.restore(frame.snapshot?.turn);
    for (const turn of cutOff) conversation.show(turn);
  }
  showCamera();
  afterChange();
}

/** @param {import('./connection.js').State} state */
function followConnection(state) {
  const wasLost = !$('banner').hidden;
  showConnection();
  if (state === 'open') {
    if (wasLost) announcer.say(t('link.open'), language());
    return; // the `session` frame that opened it says how to go on
  }
  transcript.unsend();
  for (const turn of transcript.unsent()) conversation.show(turn);
  afterChange();
}

/** Tells screen readers what changed. @param {import('./transcript.js').Turn} turn @param {string} [delta] */
function tell(turn, delta) {
  const spoken = languageOf(turn.question);
  if (delta) announcer.feed(delta, spoken);
  else if (turn.status !== 'running') {
    announcer.finish(spoken);
    announcer.say(wordsFor(`status.${turn.status}`, ''), language());
  }
}

// ---- from the visitor

/** @param {string} question */
function ask(question) {
  const turn = transcript.ask(question);
  for (const old of transcript.trim()) conversation.remove(old);
  showNotice('');
  // With nothing queued before it, it goes at once, and interrupts what runs.
  if (transcript.unsent().length === 1) transmit(turn);
  conversation.show(turn);
  conversation.toEnd();
  if (connection.state === 'ended') connection.connect();
  composer.focus();
  afterChange();
}

/** @param {import('./transcript.js').Turn} turn */
function transmit(turn) {
  if (isForgetting) return;
  turn.sent = connection.send({ type: 'message', id: turn.id, text_user_msg: turn.question });
}

/** Sends the next queued question, once nothing runs that it would interrupt. */
function sendQueued() {
  const [next] = transcript.unsent();
  if (!next || transcript.active()) return;
  transmit(next);
  if (next.sent) conversation.show(next);
}

function stop() {
  for (const turn of transcript.unsent()) {
    turn.status = 'cancelled';
    conversation.show(turn);
  }
  const active = transcript.active();
  if (active) connection.send(active.turnId ? { type: 'cancel', turn_id: active.turnId } : { type: 'cancel' });
  composer.focus();
  afterChange();
}

/** The next visitor comes: nothing of this one stays, here or on the server. */
function forget() {
  wipe();
  composer.clear();
  // Without a session there is nothing on the server to forget; without a socket it is told later.
  isForgetting = connection.identity !== undefined;
  connection.send({ type: 'forget' });
  composer.focus();
  afterChange();
}

function wipe() {
  transcript.clear();
  conversation.clear();
  announcer.clear();
  showNotice('');
  showCamera();
}

function lookAgain() {
  if (!connection.send({ type: 'typing', refresh: true })) return;
  $('camera-words').textContent = t('camera.looking');
  clearTimeout(lookTimer);
  lookTimer = setTimeout(() => {
    transcript.description = { text: '', source: 'vlm' };
    showCamera();
  }, LOOK_PATIENCE);
}

// ---- what is shown

/** What follows every change of the transcript. */
function afterChange() {
  sendQueued();
  $('welcome').hidden = transcript.turns.length > 0;
  const canStop = transcript.unsent().length > 0 || (connection.state === 'open' && transcript.active() !== undefined);
  if (!canStop && document.activeElement === $('stop')) composer.focus();
  $('stop').hidden = !canStop;
  saveTimer ||= setTimeout(saveNow, SAVE_AFTER);
}

function saveNow() {
  clearTimeout(saveTimer);
  saveTimer = 0;
  save({
    conversation: { turns: transcript.turns, description: transcript.description }, identity: connection.identity,
    token: connection.token, isForgetting, language: language(),
  });
}

function showConnection() {
  const { state, lastError } = connection;
  $('link-state').dataset.state = state;
  $('link-state').textContent = t(`link.${state}`);
  $('banner').hidden = state === 'open' || state === 'connecting';
  if ($('banner').hidden) return;
  const words = t(`banner.${state}`);
  $('banner-words').textContent = state === 'refused' ? wordsFor(`error.${lastError}`, words) : words;
  $('banner-action').textContent = t(`action.${state}`);
}

function showCamera() {
  const { description } = transcript;
  $('camera').hidden = description === null;
  if (!description) return;
  const key = description.source === 'client' ? 'camera.client' : 'camera.sees';
  $('camera-words').textContent = description.text ? t(key, { text: description.text }) : t('camera.nobody');
}

/** @param {string} words what went wrong; empty when it no longer matters */
function showNotice(words) {
  $('notice').textContent = words;
  $('notice').hidden = words === '';
}

function showSuggestions() {
  $('suggestions').replaceChildren(...SUGGESTIONS.map((key) => {
    const item = document.createElement('li');
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = t(key);
    button.addEventListener('click', () => ask(t(key)));
    item.append(button);
    return item;
  }));
}

/** @param {import('./i18n.js').Language} next */
function speak(next) {
  setLanguage(next);
  const other = next === 'en' ? 'zh-Hant' : 'en';
  $('language').textContent = other === 'en' ? 'English' : '中文';
  $('language').lang = other;
  $('language').onclick = () => speak(other);
  showSuggestions();
  showCamera();
  showConnection();
  conversation.relabel();
  composer.update();
}

// ---- the start

speak(kept.language ?? browserLanguage());
for (const turn of transcript.turns) conversation.show(turn);
$('stop').addEventListener('click', stop);
$('forget').addEventListener('click', forget);
$('not-me').addEventListener('click', lookAgain);
$('banner-action').addEventListener('click', () => connection.connect());
addEventListener('pagehide', saveNow);
addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !event.isComposing && !$('stop').hidden) stop();
});
// A phone's keyboard would cover the greeting.
if (matchMedia('(pointer: fine)').matches) composer.focus();
afterChange();
connection.connect();
