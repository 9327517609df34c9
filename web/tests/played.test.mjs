// rapport.js where a healthy server never goes: its sockets and its clock are the test's.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';

class Socket {
  /** @type {Socket[]} */ static all = [];
  sent = [];
  onmessage = (_) => {};
  onclose = (_) => {};
  isClosed = false;

  constructor(url, protocols) {
    Object.assign(this, { query: Object.fromEntries(new URL(url).searchParams), protocols });
    Socket.all.push(this);
  }

  send(data) { this.sent.push(JSON.parse(data)); }
  close() { this.isClosed = true; }
  tell(...frames) { for (const frame of frames) this.onmessage?.({ data: JSON.stringify(frame) }); }
  end(code) { this.onclose?.({ code }); }
  asked(type) { return this.sent.filter((frame) => frame.type === type); }
}

const signs = new EventTarget();
globalThis.WebSocket = /** @type {any} */ (Socket);
globalThis.addEventListener = signs.addEventListener.bind(signs);
const { Rapport } = await import('../rapport.js');
const newest = () => Socket.all.at(-1);
const session = (more = {}) => ({ type: 'session', session_id: 's1', resume_token: 'r1', resumed: false, epoch: 1, last_seq: 0, limits: {}, ...more });
const done = (turn_id, text, seq) => ({ type: 'turn_done', turn_id, status: 'completed', text, answer: text, seq });
const all = async (turn) => {
  const pieces = [];
  for await (const piece of turn) pieces.push(piece);
  return pieces;
};

/** @type {InstanceType<typeof Rapport>} */ let rapport;

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  Socket.all = [];
  rapport = new Rapport('ws://house/ws', { token: 'T', sessionId: 'kiosk-1' });
  mock.timers.tick(1);
});
afterEach(() => {
  rapport.close();
  mock.timers.reset();
});

/** A session with one turn under way, at seq 2. */
function running() {
  newest().tell(session());
  const turn = rapport.ask('Who?');
  newest().tell({ type: 'turn_started', turn_id: 't1', id: turn.message.id, seq: 1 }, { type: 'token', turn_id: 't1', text: 'Old ', seq: 2 });
  return turn;
}

/** The next attempt, as soon as its time has come. */
function comeBack(more) {
  const before = Socket.all.length;
  for (let ms = 0; ms < 30_000 && Socket.all.length === before; ms += 100) mock.timers.tick(100);
  newest().tell(session(more));
  return newest();
}

test('it shows its token and its wish, and later what it resumes', () => {
  assert.deepEqual(newest().protocols, ['rapport-token.T']);
  assert.deepEqual(newest().query, { session_id: 'kiosk-1' });
  running();
  newest().end(4000);
  mock.timers.tick(501);
  assert.deepEqual(newest().query, { session_id: 's1', resume: 'r1', last_seq: '2' });
});

test('the backoff doubles to 15 s, is drawn, and is cleared by a socket that stood for 5 s', () => {
  for (const most of [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]) {
    const before = Socket.all.length;
    newest().end(1006);
    mock.timers.tick(most / 2 - 1);
    assert.equal(Socket.all.length, before, `sooner than ${most / 2} ms`);
    mock.timers.tick(most / 2 + 2);
    assert.equal(Socket.all.length, before + 1, `later than ${most} ms`);
  }
  newest().tell(session());
  mock.timers.tick(5_000);
  const before = Socket.all.length;
  newest().end(1006);
  mock.timers.tick(501);
  assert.equal(Socket.all.length, before + 1);
});

test('a socket that merely opened does not clear the failures', () => {
  for (let at = 0; at < 3; at += 1) {
    newest().tell(session({ resumed: at > 0 }));
    newest().end(1006);
    if (at < 2) mock.timers.tick(1_001);
  }
  const before = Socket.all.length;
  mock.timers.tick(999);
  assert.equal(Socket.all.length, before);
});

for (const [code, state] of [[1000, 'ended'], [1008, 'refused'], [4003, 'replaced']]) {
  test(`${code}: it stays away until it is told`, () => {
    newest().tell(session());
    newest().end(code);
    signs.dispatchEvent(new Event('online'));
    mock.timers.tick(600_000);
    assert.equal(rapport.state, state);
    assert.equal(Socket.all.length, 1);
    rapport.connect();
    assert.equal(Socket.all.length, 2);
  });
}

test('a wrong token is told and not tried again', () => {
  const errors = [];
  rapport.addEventListener('error', ({ detail }) => errors.push(detail.code));
  newest().tell({ type: 'error', code: 'unauthorized', message: 'no', retryable: false, seq: 1 });
  newest().end(1008);
  mock.timers.tick(600_000);
  assert.deepEqual([rapport.state, ...errors], ['refused', 'unauthorized']);
  assert.equal(Socket.all.length, 1);
});

for (const [code, closing, least] of [[1012, 4_000, 4_000], [1001, 3_000, 3_000], [1013, undefined, 5_000], [4000, undefined, 0], [4001, undefined, 0]]) {
  test(`${code}: it comes back after ${least} ms and the backoff`, () => {
    newest().tell(session());
    if (closing) newest().tell({ type: 'closing', reason: 'restarting', retry_after_ms: closing });
    newest().end(code);
    mock.timers.tick(least + 249);
    assert.equal(Socket.all.length, 1);
    mock.timers.tick(252);
    assert.equal(Socket.all.length, 2);
  });
}

for (const code of [1002, 1007, 1009]) {
  test(`${code}: what was sent is not sent again`, async () => {
    newest().tell(session());
    const turn = rapport.ask('Who?');
    newest().end(code);
    assert.equal((await turn).status, 'refused');
    assert.deepEqual(comeBack({ resumed: true }).asked('message'), []);
  });
}

test('an attempt that does not begin in 10 s is given up', () => {
  mock.timers.tick(10_000);
  assert.equal(rapport.state, 'waiting');
  assert.equal(Socket.all[0].isClosed, true);
});

test('a dead network is found by a ping that nobody answers', () => {
  newest().tell(session());
  mock.timers.tick(20_000);
  newest().tell({ type: 'pong', t: null });
  mock.timers.tick(20_000);
  assert.equal(rapport.state, 'open');
  mock.timers.tick(5_000);
  assert.equal(rapport.state, 'waiting');
});

test('offline and online are heard', () => {
  newest().tell(session());
  signs.dispatchEvent(new Event('offline'));
  assert.equal(rapport.state, 'waiting');
  signs.dispatchEvent(new Event('online'));
  assert.equal(Socket.all.length, 2);
});

test('a number that is missing makes it connect again from the last it took', () => {
  const turn = running();
  newest().tell({ type: 'token', turn_id: 't1', text: 'lost', seq: 4 });
  assert.equal(turn.text, 'Old ');
  mock.timers.tick(501);
  assert.equal(newest().query.last_seq, '2');
});

test('a turn chains like a promise, and many may wait for it', async () => {
  const turn = running();
  const [length, pieces] = [turn.then(({ text }) => text.length).then((count) => count * 2), Promise.all([all(turn), all(turn)])];
  newest().tell(done('t1', 'Old end', 3));
  assert.equal(await length, 14);
  assert.deepEqual((await pieces).map((each) => each.join('')), ['Old end', 'Old end']);
  assert.deepEqual(await all(turn), ['Old end']); // behind its end, too
});

test('an end whose text is another voids the pieces before', async () => {
  const turn = running();
  const pieces = all(turn);
  await new Promise(setImmediate);
  newest().tell(done('t1', 'Another text', 3));
  assert.deepEqual(await pieces, ['Old ', '', 'Another text']);
});

test('a repeated `turn_started` is old news, even of a turn that was restarted', () => {
  const turn = running();
  newest().end(1012);
  const socket = comeBack({ last_seq: 900, snapshot: { history: [], turn: { turn_id: 't1', text: 'Old and ' } } });
  socket.tell({ type: 'turn_started', turn_id: 't1', id: turn.message.id, restarted: true, seq: 1 });
  assert.equal(turn.text, 'Old and ');
});

test('a reload takes up what was kept, and connects anew', () => {
  const storage = {};
  rapport = new Rapport('ws://house/ws', { storage });
  rapport.connect();
  const turn = running();
  const waiting = rapport.ask('When?');
  rapport.save();
  rapport = new Rapport('ws://house/ws', { storage });
  assert.equal(rapport.state, 'connecting');
  assert.deepEqual(rapport.turns.map(({ text, status, sent }) => [text, status, sent]), [['Old ', 'running', true], ['', 'waiting', false]]);
  rapport.connect();
  assert.deepEqual(newest().query, { session_id: 's1', resume: 'r1', last_seq: '2' });
  newest().tell(session({ resumed: true }));
  assert.deepEqual(newest().asked('message').map(({ id }) => id), [waiting.message.id]);
  assert.equal(rapport.turns[0].message.id, turn.message.id);
});

test('joined tokens fill their numbers', () => {
  const turn = running();
  newest().tell({ type: 'token', turn_id: 't1', text: 'and new', from_seq: 3, seq: 9 }, { type: 'token', turn_id: 't1', text: '.', seq: 10 });
  assert.equal(turn.text, 'Old and new.');
});

test('only what nobody took is sent again, with its id', async () => {
  const begun = running();
  const waiting = rapport.ask('When?');
  newest().end(1006);
  const socket = comeBack({ resumed: true });
  assert.deepEqual(socket.asked('message').map(({ id }) => id), [waiting.message.id]);
  socket.tell(done('t1', 'Old ', 3), { type: 'turn_started', turn_id: 't2', id: waiting.message.id, seq: 4 });
  assert.equal((await begun).status, 'completed');
  assert.equal(waiting.status, 'running');
});

test('with a snapshot what saw no end is asked for again, and the running text is the snapshot’s', async () => {
  const turn = running();
  const pieces = all(turn);
  newest().end(1012);
  const socket = comeBack({ last_seq: 900, snapshot: { history: [], turn: { turn_id: 't1', text: 'Old and ' } } });
  assert.deepEqual(socket.asked('message').map(({ id }) => id), [turn.message.id]);
  socket.tell({ type: 'token', turn_id: 't1', text: 'new', seq: 901 }, { type: 'turn_started', turn_id: 't1', id: turn.message.id, seq: 1 });
  assert.equal(turn.text, 'Old and new');
  socket.tell(done('t1', 'Old and new', 902));
  assert.equal((await turn).text, 'Old and new');
  assert.equal((await pieces).join(''), 'Old and new');
});

test('an end that came while it was away is taken by its old number', async () => {
  const turn = running();
  newest().end(1012);
  const socket = comeBack({ last_seq: 900, snapshot: { history: [], turn: null } });
  socket.tell({ type: 'turn_started', turn_id: 't1', id: turn.message.id, seq: 1 }, done('t1', 'Old and done', 700));
  assert.equal((await turn).text, 'Old and done');
  assert.equal(rapport.identity.last_seq, 900);
});

test('a turn that restarts voids itself and what else ran, which is sent again', async () => {
  const turn = running();
  const other = rapport.ask('When?');
  newest().tell({ type: 'turn_started', turn_id: 't2', id: other.message.id, seq: 3 }, { type: 'token', turn_id: 't2', text: 'Void', seq: 4 });
  const pieces = all(turn);
  await new Promise(setImmediate);
  newest().tell({ type: 'turn_started', turn_id: 't1', id: turn.message.id, restarted: true, seq: 5 });
  await new Promise(setImmediate);
  assert.deepEqual([turn.text, other.text, other.turnId, other.status], ['', '', '', 'waiting']);
  assert.deepEqual(newest().asked('message').map(({ id }) => id), [turn, other, other].map(({ message }) => message.id));
  newest().tell({ type: 'token', turn_id: 't2', text: 'ghost', seq: 6 }, { type: 'token', turn_id: 't1', text: 'New', seq: 7 }, done('t1', 'New', 8));
  assert.equal(other.text, '');
  assert.deepEqual(await pieces, ['Old ', '', 'New']);
  newest().tell({ type: 'turn_started', turn_id: 't2', id: other.message.id, seq: 9 }, done('t2', 'Then.', 10));
  assert.equal((await other).text, 'Then.');
});

test('in another session what had begun is lost, and what had not is asked there', async () => {
  const begun = running();
  const waiting = rapport.ask('When?');
  newest().end(1001);
  const socket = comeBack({ session_id: 's2' });
  assert.equal((await begun).status, 'lost');
  assert.deepEqual(socket.asked('message').map(({ id }) => id), [waiting.message.id]);
});

test('refusals: an answer that is kept no more, a server that stops, any other', async () => {
  newest().tell(session());
  const [gone, held, refused] = ['1', '2', '3'].map((question) => rapport.ask(question));
  const errors = [];
  rapport.addEventListener('error', ({ detail }) => errors.push(detail.code));
  const refusal = (turn, code, seq) => ({ type: 'error', code, message: code, retryable: false, id: turn.message.id, seq });
  newest().tell(refusal(gone, 'answer_gone', 1), refusal(held, 'shutting_down', 2), refusal(refused, 'rate_limited', 3), { type: 'error', code: 'bad_json', seq: 4 });
  assert.equal((await gone).status, 'lost');
  assert.equal((await gone).error.code, 'answer_gone');
  assert.equal((await refused).status, 'refused');
  assert.deepEqual(errors, ['bad_json']);
  newest().end(1012);
  assert.deepEqual(comeBack({ session_id: 's2' }).asked('message').map(({ id }) => id), [held.message.id]);
});

test('a forget is said again until a session answers, and nothing of the last visitor is told', async () => {
  const turn = running();
  const seen = [];
  rapport.addEventListener('description', ({ detail }) => seen.push(detail.text));
  rapport.forget();
  assert.equal((await turn).status, 'cancelled');
  const next = rapport.ask('When?');
  newest().tell({ type: 'description', text: 'who left', seq: 3 });
  newest().end(1006);
  const socket = comeBack({ resumed: true, last_seq: 3 });
  assert.deepEqual(socket.sent.map(({ type }) => type), ['forget']);
  socket.tell(session({ epoch: 2, last_seq: 5, resume_token: 'r2' }), { type: 'description', text: 'who came', seq: 6 });
  assert.deepEqual(socket.sent.map(({ type, id }) => id ?? type), ['forget', next.message.id]);
  assert.deepEqual(seen, ['who came']);
});

test('an epoch that another ended is told', () => {
  newest().tell(session());
  const told = [];
  rapport.addEventListener('session', ({ detail }) => told.push(detail.forgotten));
  newest().tell(session({ epoch: 2 }));
  rapport.forget();
  newest().tell(session({ epoch: 3 }));
  assert.deepEqual(told, [true, false]);
});

test('a queued question waits for what runs, and a cancel ends both', async () => {
  const turn = running();
  const queued = rapport.ask('When?', { queue: true });
  assert.equal(queued.sent, false);
  newest().tell(done('t1', 'Old ', 3));
  assert.equal(queued.sent, true);
  newest().tell({ type: 'turn_started', turn_id: 't2', id: queued.message.id, seq: 4 });
  const last = rapport.ask('Why?', { queue: true });
  rapport.cancel();
  assert.deepEqual(newest().asked('cancel'), [{ type: 'cancel', id: queued.message.id }]);
  assert.equal((await last).status, 'cancelled');
  assert.equal((await turn).status, 'completed');
});
