// The page's side of the wire where a healthy server never goes: the page is the real server's, its
// socket is played by the test.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { becomes, launchBrowser, picture, startDemo, visit } from './harness.mjs';

/** @type {import('playwright-core').Browser} */ let browser;
/** @type {Awaited<ReturnType<typeof startDemo>>} */ let server;

before(async () => {
  [browser, server] = await Promise.all([launchBrowser(), startDemo()]);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** A test's end of the page's sockets, one after the other. */
class Wire {
  /** @type {{ socket: import('playwright-core').WebSocketRoute, query: URLSearchParams, frames: any[] }[]} */ #lives = [];
  #taken = 0;
  #wake = () => {};
  seq = 0;

  /** @param {import('playwright-core').Page} page */
  async play(page) {
    await page.routeWebSocket(/\/ws(\?|$)/, (socket) => {
      const life = { socket, query: new URL(socket.url()).searchParams, frames: [] };
      this.#lives.push(life);
      socket.onMessage((data) => {
        const frame = JSON.parse(String(data));
        if (frame.type === 'typing' && !frame.refresh) return;
        life.frames.push(frame);
        this.#wake();
      });
      this.#wake();
    });
  }

  /** The page's next socket, which nobody answers. */
  async ignore() {
    await this.#until(() => this.#lives[this.#taken]);
    this.#taken += 1;
  }

  /** The page's next socket, greeted. @param {Record<string, unknown>} [session] */
  async accept(session = {}) {
    const life = await this.#until(() => this.#lives[this.#taken]);
    this.#taken += 1;
    const send = (frame) => life.socket.send(JSON.stringify(frame));
    /** Sends numbered frames. @param {...Record<string, unknown>} frames */
    const emit = (...frames) => frames.forEach((frame) => send({ ...frame, seq: frame.seq ?? ++this.seq }));
    if (!('resumed' in session) || !session.resumed) this.seq = Number(session.last_seq ?? 0);
    send({
      type: 'session', session_id: 's1', resume_token: 'r1', resumed: false, epoch: 1, last_seq: 0,
      limits: {}, server: 'model', ...session,
    });
    return {
      query: life.query,
      send,
      emit,
      next: (type) => this.#until(() => {
        const index = life.frames.findIndex((frame) => frame.type === type);
        return index < 0 ? undefined : life.frames.splice(index, 1)[0];
      }),
      close: (code) => life.socket.close({ code, reason: '' }),
    };
  }

  /** @template T @param {() => T | undefined} look @returns {Promise<T>} */
  async #until(look) {
    for (;;) {
      const found = look();
      if (found) return found;
      await new Promise((resolve, reject) => {
        const deadline = setTimeout(() => reject(new Error('the page sent nothing in time')), 10_000);
        this.#wake = () => { clearTimeout(deadline); resolve(undefined); };
      });
    }
  }
}

const done = (turn_id, text, more = {}) => ({
  type: 'turn_done', turn_id, status: 'completed', text, answer: text, tone: null, outcome: null, sources: [], degraded: [],
  facts_missing: null, spans: [], usage: {}, ...more,
  timings_ms: { description: null, retrieve: null, answer_first: null, answer: null, tone: null, first_token: null, total: 12.3, ...more.timings_ms },
});

/** @param {object} [options] of `visit` */
async function open(options = {}) {
  const wire = new Wire();
  const prepare = async (page) => { await options.prepare?.(page); await wire.play(page); };
  const visited = await visit(browser, server.url, { ...options, prepare });
  const first = await wire.accept(options.session);
  await visited.linkIs('open');
  return { ...visited, wire, first };
}

test('a resumed turn goes on, and what was seen is not repeated', async () => {
  const { end, wire, first, ask, linkIs } = await open();
  const turn = await ask('Who built it?');
  const { id } = await first.next('message');
  first.emit({ type: 'turn_started', turn_id: 't1', id }, { type: 'token', turn_id: 't1', text: 'The ' }, { type: 'token', turn_id: 't1', text: 'keeper ' });
  await turn.getByText('The keeper').waitFor();
  first.close(4000);
  const second = await wire.accept({ resumed: true, last_seq: 5 });
  assert.deepEqual(Object.fromEntries(second.query), { session_id: 's1', resume: 'r1', last_seq: '3' });
  await linkIs('open');
  second.emit({ type: 'token', turn_id: 't1', text: 'keeper ', seq: 3 }, { type: 'token', turn_id: 't1', text: 'did.' });
  second.emit(done('t1', 'The keeper did.'));
  await becomes(turn, 'completed');
  assert.equal(await turn.locator('.answer').innerText(), 'The keeper did.');
  await end();
});

test('a message that nobody took is sent again with its id, and a known one is not lost', async () => {
  const { end, wire, first, ask } = await open();
  const turn = await ask('Who built it?');
  const { id } = await first.next('message');
  first.close(1012);
  const second = await wire.accept({ resumed: false, last_seq: 4 });
  assert.equal((await second.next('message')).id, id);
  // The server had taken it: its turn comes again with the numbers that it had.
  second.emit({ type: 'turn_started', turn_id: 't1', id, seq: 1 }, { ...done('t1', 'The keeper.'), seq: 4 });
  await becomes(turn, 'completed');
  assert.equal(await turn.locator('.answer').innerText(), 'The keeper.');
  await end();
});

test('a new session keeps what is shown, and its turn ids are its own', async () => {
  const { page, end, wire, first, ask } = await open();
  const old = await ask('Who built it?');
  first.emit({ type: 'turn_started', turn_id: 't1', id: (await first.next('message')).id }, { type: 'token', turn_id: 't1', text: 'The kee' });
  await old.getByText('The kee').waitFor();
  first.close(1001);
  const second = await wire.accept({ session_id: 's2', resume_token: 'r2' });
  await becomes(old, 'lost');
  await old.locator('.again').click();
  const again = page.locator('.turn').nth(1);
  second.emit({ type: 'turn_started', turn_id: 't1', id: (await second.next('message')).id }, done('t1', 'The keeper.'));
  await becomes(again, 'completed');
  assert.equal(await old.locator('.answer').innerText(), 'The kee');
  await end();
});

test('a resume that is not exact goes on from the snapshot', async () => {
  const { end, wire, first, ask } = await open();
  const turn = await ask('Who built it?');
  first.emit({ type: 'turn_started', turn_id: 't1', id: (await first.next('message')).id }, { type: 'token', turn_id: 't1', text: 'The ' });
  await turn.getByText('The').waitFor();
  first.close(4000);
  const second = await wire.accept({ last_seq: 900, snapshot: { history: [], turn: { turn_id: 't1', text: 'The keeper ' } } });
  second.emit({ type: 'token', turn_id: 't1', text: 'did.' });
  await turn.getByText('The keeper did.').waitFor();
  second.emit(done('t1', 'The keeper did.'));
  await becomes(turn, 'completed');
  await end();
});

test('a turn that starts over drops its earlier text', async () => {
  const { end, first, ask } = await open();
  const turn = await ask('Who built it?');
  const { id } = await first.next('message');
  first.emit({ type: 'turn_started', turn_id: 't1', id }, { type: 'token', turn_id: 't1', text: 'Void' });
  first.emit({ type: 'turn_started', turn_id: 't1', id, restarted: true }, { type: 'token', turn_id: 't1', text: 'The keeper.' });
  await turn.getByText('The keeper.', { exact: true }).waitFor();
  first.emit(done('t1', 'The keeper.'));
  await becomes(turn, 'completed');
  await end();
});

test('another window takes over, and this one does not fight', async () => {
  const { page, end, wire, first, linkIs } = await open();
  first.close(4003);
  await linkIs('replaced');
  assert.match(await page.innerText('#why'), /another window/);
  await page.click('#again');
  await wire.accept({ resumed: true });
  await linkIs('open');
  await end();
});

test('a refusal for want of a token is said, and not tried again', async () => {
  const { page, end, first, linkIs } = await open({ locale: 'zh-TW' });
  first.emit({ type: 'error', code: 'unauthorized', message: 'no token', retryable: false });
  first.close(1008);
  await linkIs('refused');
  assert.match(await page.innerText('#why'), /存取權杖/);
  await end();
});

test('a refused question says why, in words or in the server’s', async () => {
  const { end, first, ask } = await open();
  for (const [code, words] of [['rate_limited', /too fast/], ['question_too_long', /too long/], ['never_heard_of', /As the server put it/]]) {
    const turn = await ask('Who built it?');
    const { id } = await first.next('message');
    first.emit({ type: 'error', code, message: 'As the server put it.', retryable: true, id });
    await becomes(turn, 'refused');
    assert.match(await turn.locator('.note').innerText(), words);
    assert.equal(await turn.locator('.again').isVisible(), true);
  }
  await end();
});

test('what an answer had to do without is said', async () => {
  const { page, end, first, ask } = await open();
  const turn = await ask('Who built it?');
  const { id } = await first.next('message');
  first.emit(
    { type: 'description', text: '<b>A man</b> with a hat', source: 'vlm', age_ms: 0 },
    { type: 'turn_started', turn_id: 't1', id },
    { type: 'tone', turn_id: 't1', tone: 'elder_friendly', outcome: 'cached', selected_by: 'rule', because: ['<i>hat</i>'] },
    done('t1', 'In 1907.', {
      status: 'timed_out', degraded: ['describe'], facts_missing: ['1911'], tone: 'elder_friendly',
      sources: [{ title: '<u>History</u>', file: 'a.json', score: 1 }], timings_ms: { first_token: 1234.5, description: 800 },
    }),
  );
  await becomes(turn, 'timed_out');
  assert.match(await turn.locator('.note').innerText(), /too long.*Please check: 1911/);
  await turn.locator('.chip').click();
  assert.deepEqual(await turn.locator('.tone p').allInnerTexts(), ['Because: <i>hat</i>', 'Seen: <b>A man</b> with a hat']);
  assert.equal(await turn.locator('.timeline summary').innerText(), 'First token 1,235 ms · total 12 ms');
  assert.equal(await page.innerText('#seen'), 'Seen: <b>A man</b> with a hat');
  await picture(page, 'degraded');
  await end();
});

test('“that’s not me” asks the camera again', async () => {
  const { page, end, first } = await open();
  first.emit({ type: 'description', text: 'A man', source: 'vlm', age_ms: 0 });
  await page.click('#not-me');
  assert.deepEqual(await first.next('typing'), { type: 'typing', refresh: true });
  assert.equal(await page.innerText('#seen'), 'Looking again…');
  first.emit({ type: 'description', text: 'A woman', source: 'vlm', age_ms: 0 });
  await page.getByText('Seen: A woman').waitFor();
  await end();
});

test('a visitor who leaves while nobody listens is forgotten later', async () => {
  const { page, end, wire, first, ask } = await open();
  const turn = await ask('Who built it?');
  first.emit({ type: 'turn_started', turn_id: 't1', id: (await first.next('message')).id });
  await becomes(turn, 'running');
  first.close(1012);
  await page.waitForSelector('html[data-link="waiting"]');
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.click('#forget');
  await ask('When is it open?');
  const second = await wire.accept({ resumed: true });
  await second.next('forget');
  second.emit({ type: 'description', text: 'The one who left', source: 'vlm', age_ms: 0 }, done('t1', 'Secret.'));
  second.send({ type: 'session', session_id: 's1', resume_token: 'r2', resumed: false, epoch: 2, last_seq: 3, limits: {}, server: 'model' });
  assert.equal((await second.next('message')).text_user_msg, 'When is it open?');
  assert.equal(await page.getByText(/who left|Secret/).count(), 0);
  await end();
});

test('the field takes no longer question than the server does', async () => {
  const { page, end, first } = await open();
  await page.locator('#question').focus();
  await page.keyboard.insertText('字'.repeat(4_001));
  await page.keyboard.press('Enter');
  assert.equal((await first.next('message')).text_user_msg.length, 4_000);
  await end();
});

/** A first reply under way, with its first words shown. @param {Awaited<ReturnType<typeof open>>} opened */
async function replying({ first, ask }, text) {
  const turn = await ask('Who built it?');
  first.emit({ type: 'turn_started', turn_id: 't1', id: (await first.next('message')).id }, { type: 'token', turn_id: 't1', text });
  await turn.locator('.answer').filter({ hasText: text.trim().slice(0, 20) }).waitFor();
  return turn;
}

/** Waits until the page has dealt with all frames so far: they come in order. */
const caughtUp = async ({ page, first }, mark) => {
  first.emit({ type: 'description', text: mark, source: 'vlm', age_ms: 0 });
  await page.locator('#seen').filter({ hasText: mark }).waitFor();
};

test('a reply that the visitor talks over is read no further, and the microphone does not hear it', async () => {
  const opened = await open({ prepare: (page) => page.addInitScript(() => {
    globalThis.said = [];
    Object.defineProperty(globalThis, 'speechSynthesis', { value: { getVoices: () => [], speak: ({ text }) => globalThis.said.push(text), cancel() {} } });
    globalThis.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
  }) });
  const { page, end, first } = opened;
  await page.getByRole('button', { name: 'Read aloud' }).click();
  await replying(opened, 'One. ');
  await page.locator('#question').pressSequentially('W');
  first.emit({ type: 'token', turn_id: 't1', text: 'Two. ' }, done('t1', 'One. Two. '));
  await caughtUp(opened, 'mark');
  assert.deepEqual(await page.evaluate(() => globalThis.said), ['One.']);
  await end();
});

test('a reply that ended while the page was away comes with its report', async () => {
  const opened = await open();
  const { end, wire, first } = opened;
  const turn = await replying(opened, 'The ');
  first.close(4000);
  const second = await wire.accept({ last_seq: 90, snapshot: { history: [], turn: null } });
  const { id } = await second.next('message');
  second.emit({ type: 'turn_started', turn_id: 't1', id, seq: 1 }, { ...done('t1', 'The keeper did.'), seq: 90 });
  await becomes(turn, 'completed');
  assert.equal(await turn.locator('.answer').innerText(), 'The keeper did.');
  await end();
});

test('a question takes the place of comparisons that wait', async () => {
  const opened = await open();
  const { page, end, first, ask } = opened;
  const turn = await replying(opened, 'The keeper.');
  first.emit(done('t1', 'The keeper.'));
  await becomes(turn, 'completed');
  await turn.locator('.timeline summary').click();
  await turn.getByRole('button', { name: 'Compare the strategies' }).click();
  assert.equal((await first.next('message')).strategy, 'sequential');
  await ask('When is it open?');
  assert.equal((await first.next('message')).text_user_msg, 'When is it open?');
  assert.equal(await page.getByText('Not sent yet').count(), 0);
  await end();
});

test('a visitor who scrolls back by little steps is left alone while text comes', async () => {
  const opened = await open();
  const { page, end, first } = opened;
  await replying(opened, 'Words\n'.repeat(200));
  const top = () => page.locator('#scroller').evaluate((node) => node.scrollTop);
  await page.locator('#scroller').focus();
  for (let step = 0; step < 4; step += 1) {
    const before = await top();
    await page.keyboard.press('ArrowUp');
    await page.waitForFunction((from) => document.querySelector('#scroller').scrollTop <= from - 40, before);
    const after = await top();
    first.emit({ type: 'token', turn_id: 't1', text: 'more ' });
    await caughtUp(opened, `step ${step}`);
    assert.equal(await top(), after);
  }
  await end();
});

test('what the keyboard stands on is still there when the answer ends', async () => {
  const opened = await open();
  const { page, end, first, ask } = opened;
  const turn = await ask('Who built it?');
  first.emit({ type: 'turn_started', turn_id: 't1', id: (await first.next('message')).id },
    { type: 'tone', turn_id: 't1', tone: 'elder_friendly', outcome: 'cached', selected_by: 'rule', because: ['hat'] });
  await turn.locator('.tone summary').focus();
  first.emit({ type: 'token', turn_id: 't1', text: 'A keeper.' }, done('t1', 'A keeper.'));
  await becomes(turn, 'completed');
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'SUMMARY');
  await end();
});

test('an answer that the server cut is not said to be stopped; one that the visitor stopped is', async () => {
  const opened = await open();
  const { page, end, first } = opened;
  const cut = await replying(opened, 'The keeper');
  first.emit(done('t1', 'The keeper', { status: 'cancelled', sources: [{ title: 'History', file: 'a.json', score: 1 }] }));
  await becomes(cut, 'lost');
  assert.match(await cut.locator('.note').innerText(), /broke off/);
  assert.equal(await cut.locator('.sources').isVisible(), false);
  await cut.getByRole('button', { name: 'Ask again' }).click();
  const stopped = page.locator('.turn').nth(1);
  const { id } = await first.next('message');
  first.emit({ type: 'turn_started', turn_id: 't2', id });
  await becomes(stopped, 'running');
  await page.keyboard.press('Escape');
  assert.equal((await first.next('cancel')).id, id);
  first.emit(done('t2', '', { status: 'cancelled' }));
  await becomes(stopped, 'cancelled');
  assert.match(await stopped.locator('.note').innerText(), /^Stopped\.$/);
  await stopped.getByRole('button', { name: 'Ask again' }).waitFor();
  await end();
});

test('a tone is explained by the description that decided it', async () => {
  const opened = await open();
  const { page, end, first, ask } = opened;
  const saw = (text) => ({ type: 'description', text, source: 'vlm', age_ms: 0 });
  const turn = await ask('Who built it?');
  first.emit(saw('a boy'), { type: 'turn_started', turn_id: 't1', id: (await first.next('message')).id },
    { type: 'tone', turn_id: 't1', tone: 'child_friendly', outcome: 'cached', selected_by: 'rule', because: ['boy'] },
    { type: 'token', turn_id: 't1', text: 'A keeper.' }, { ...saw('a woman'), turn_id: 't1' }, done('t1', 'A keeper.'), saw('a man'));
  await becomes(turn, 'completed');
  await turn.locator('.chip').click();
  assert.deepEqual(await turn.locator('.tone p').allInnerTexts(), ['Because: boy', 'Seen: a boy']);

  // A simulated visitor is who is shown and sent, whatever the camera sees and the language.
  const chosen = await page.locator('#visitor option').nth(1).getAttribute('value');
  await page.selectOption('#visitor', chosen);
  first.emit(saw('somebody else'));
  await page.click('#language');
  await page.click('#language');
  assert.equal(await page.innerText('#seen'), `You were described as: ${chosen}`);
  const second = await ask('When?');
  const { id, user_description: sent } = await first.next('message');
  assert.equal(sent, chosen);
  first.emit({ type: 'turn_started', turn_id: 't2', id }, { type: 'description', text: chosen, source: 'client', age_ms: 0, turn_id: 't2' },
    { type: 'tone', turn_id: 't2', tone: 'child_friendly', outcome: 'client', selected_by: 'rule', because: ['girl'] }, saw('nobody else'), done('t2', 'Then.'));
  await becomes(second, 'completed');
  await second.locator('.chip').click();
  assert.equal(await second.locator('.tone p').last().innerText(), `You were described as: ${chosen}`);
  assert.equal(await page.innerText('#seen'), `You were described as: ${chosen}`);
  await page.click('#not-me');
  assert.equal(await page.inputValue('#visitor'), '');
  await end();
});

test('no button moves when an answer starts or ends, and a double click does one thing', async () => {
  const opened = await open();
  const { page, end, first } = opened;
  const places = () => page.locator('#composer > :is(#microphone, #look, textarea)').evaluateAll((nodes) =>
    nodes.map((node) => JSON.stringify(node.getBoundingClientRect())));
  const before = await places();
  await page.fill('#question', 'Who built it?');
  await page.locator('#send').dblclick();
  first.emit({ type: 'turn_started', turn_id: 't1', id: (await first.next('message')).id }, { type: 'token', turn_id: 't1', text: 'A ' });
  await page.locator('.answer').filter({ hasText: 'A' }).waitFor();
  await page.getByRole('button', { name: 'Stop' }).waitFor();
  assert.deepEqual(await places(), before);
  await page.getByRole('button', { name: 'Stop' }).dblclick();
  await first.next('cancel');
  first.emit(done('t1', 'A ', { status: 'cancelled' }));
  await becomes(page.locator('.turn'), 'cancelled');
  assert.deepEqual(await places(), before);
  assert.equal(await page.locator('#microphone').getAttribute('aria-pressed'), 'false');
  assert.equal(await page.locator('.turn').count(), 1);
  await end();
});

test('who has scrolled back during an answer is led to the newest by a button', async () => {
  const opened = await open();
  const { page, end, first } = opened;
  await replying(opened, 'Words\n'.repeat(200));
  const newest = page.getByRole('button', { name: 'To the newest' });
  assert.equal(await newest.isVisible(), false);
  await page.locator('#scroller').hover();
  await page.mouse.wheel(0, -500);
  await newest.waitFor();
  const top = await page.locator('#scroller').evaluate((node) => node.scrollTop);
  first.emit({ type: 'token', turn_id: 't1', text: 'more\n'.repeat(20) });
  await caughtUp(opened, 'mark');
  assert.equal(await page.locator('#scroller').evaluate((node) => node.scrollTop), top);
  await newest.click();
  await newest.waitFor({ state: 'hidden' });
  const fromEnd = () => page.locator('#scroller').evaluate((node) => node.scrollHeight - node.scrollTop - node.clientHeight);
  assert.ok(await fromEnd() < 2);
  for (let token = 0; token < 20; token += 1) {
    first.emit({ type: 'token', turn_id: 't1', text: 'more\n' });
    await caughtUp(opened, `token ${token}`);
    assert.ok(await fromEnd() < 2, `token ${token}`);
  }
  await end();
});

test('a draft outlives a reload and an edit', async () => {
  const opened = await open();
  const { page, end, wire, first } = opened;
  const turn = await replying(opened, 'A keeper.');
  first.emit(done('t1', 'A keeper.'));
  await becomes(turn, 'completed');
  await page.fill('#question', 'And when?');
  await turn.getByRole('button', { name: 'Edit' }).click();
  assert.equal(await page.inputValue('#question'), 'Who built it?\nAnd when?');
  await page.reload();
  await wire.accept({ resumed: true });
  assert.equal(await page.inputValue('#question'), 'Who built it?\nAnd when?');
  await end();
});

test('a suggestion under a finger stays when the connection comes back', async () => {
  const { page, end, wire, first, linkIs } = await open();
  const suggestion = await page.locator('#suggestions .suggestion').first().elementHandle();
  const asked = page.waitForResponse('**/house.json');
  first.close(1012);
  await wire.accept({ resumed: true });
  await linkIs('open');
  await (await asked).finished();
  await page.evaluate(() => fetch('house.json').then((response) => response.json())); // behind the page's own
  assert.equal(await suggestion.evaluate((node) => node.isConnected), true);
  await end();
});

test('a connection that never begins is given up, and tried again', async () => {
  const wire = new Wire();
  const { page, end, linkIs } = await visit(browser, server.url, { prepare: async (opened) => { await opened.clock.install(); await wire.play(opened); } });
  await wire.ignore();
  await page.clock.runFor(10_000);
  await linkIs('waiting');
  await page.clock.runFor(1_000);
  await wire.accept();
  await linkIs('open');
  await end();
});

test('a copy that the browser forbids is said, and “Copy” comes back', async () => {
  const opened = await open({ prepare: (page) => page.addInitScript(() => {
    navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
  }) });
  const { page, end, first } = opened;
  const turn = await replying(opened, 'A keeper.');
  first.emit(done('t1', 'A keeper.'));
  await turn.getByRole('button', { name: 'Copy' }).click();
  await turn.getByRole('button', { name: 'Copying is blocked.' }).waitFor();
  assert.match(await page.textContent('#announcer'), /Copying is blocked/);
  await turn.getByRole('button', { name: 'Copy', exact: true }).waitFor();
  await end();
});

test('a notice goes with the next action', async () => {
  const { page, end, first } = await open();
  first.emit({ type: 'error', code: 'rate_limited', message: 'slow', retryable: true });
  await page.getByRole('alert').getByText('too fast').waitFor();
  await page.fill('#question', 'W');
  assert.equal(await page.isVisible('#notice'), false);
  await end();
});
