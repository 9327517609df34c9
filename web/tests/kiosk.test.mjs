// The page in a lobby: it attracts, counts down, forgets, and comes back by itself.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { becomes, launchBrowser, picture, startDemo, startHeldCamera, startWithItem, visit } from './harness.mjs';

/** @type {import('playwright-core').Browser} */ let browser;
/** @type {Awaited<ReturnType<typeof startDemo>>} */ let demo;

before(async () => {
  [browser, demo] = await Promise.all([launchBrowser(), startDemo()]);
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

/** A kiosk whose clock the test moves. @param {string} query @param {object} [options] of `visit` */
async function lobby(query, { url = demo.url, prepare, ...options } = {}) {
  const frames = [];
  const visited = await visit(browser, `${url}?kiosk=1&${query}`, {
    ...options,
    prepare: async (page) => {
      await prepare?.(page);
      await page.setViewportSize({ width: 1080, height: 1920 });
      await page.clock.install();
      page.on('websocket', (socket) => {
        socket.on('framesent', ({ payload }) => frames.push({ sent: JSON.parse(String(payload)) }));
        socket.on('framereceived', ({ payload }) => frames.push({ received: JSON.parse(String(payload)) }));
      });
    },
  });
  await visited.linkIs('open');
  return { ...visited, frames };
}

const attracts = (page) => page.locator('#begin').waitFor();
const countdown = (page) => page.locator('#countdown');

test('it attracts, answers, counts down in digits and forgets', async () => {
  const { page, end, frames } = await lobby('idle=20&lang=zh-Hant');
  await attracts(page);
  assert.equal(await page.getAttribute('html', 'lang'), 'zh-Hant');
  await picture(page, 'attract');
  await page.locator('#suggestions .suggestion').first().click();
  const turn = page.locator('.turn');
  await becomes(turn, 'completed');
  assert.equal(await page.isVisible('#begin'), false);
  const answer = await turn.locator('.answer').innerText();
  await picture(page, 'kiosk');

  await page.clock.runFor(13_000);
  assert.equal(await countdown(page).isVisible(), false);
  const counted = [];
  for (let step = 0; step < 8; step += 1) {
    await page.clock.runFor(1_000);
    if (await countdown(page).isVisible()) counted.push(Number(/\d+/.exec(await countdown(page).innerText())[0]));
    if (step === 1) await picture(page, 'countdown');
  }
  assert.ok(counted.length >= 3, `${counted}`);
  assert.deepEqual(counted, Array.from(counted, (_, at) => counted[0] - at), 'not in whole seconds');
  assert.ok(counted.at(-1) <= 2, `${counted}`);
  await page.clock.runFor(2_000);
  await attracts(page);
  assert.equal(await countdown(page).isVisible(), false);
  assert.equal(await page.locator('.turn').count(), 0);
  assert.equal(await page.textContent('#announcer'), '');
  assert.equal(await page.isVisible('#question'), false);
  assert.ok(frames.some(({ sent }) => sent?.type === 'forget'));
  const kept = await page.evaluate(() => JSON.stringify({ ...sessionStorage }) + JSON.stringify({ ...localStorage }) + document.documentElement.innerHTML);
  for (const words of [answer, answer.slice(0, 12)]) assert.ok(!kept.includes(words), 'something of the last visitor is left');
  // Behind the new epoch's `session` nothing of the old one comes.
  await page.waitForFunction(() => JSON.parse(sessionStorage.rapport).epoch === 2);
  const began = frames.findIndex(({ received }) => received?.type === 'session' && received.epoch === 2);
  assert.ok(began > 0);
  assert.ok(frames.slice(began).every(({ received }) => !received?.turn_id));
  await end();
});

test('typing, “I’m still here” and a running answer count anew', async () => {
  const camera = await startHeldCamera();
  const server = await startWithItem({ title: 'The lantern', content: 'The lantern was made in 1907.' }, { flags: camera.flags });
  try {
    const { page, end, ask } = await lobby('idle=10&lang=en', { url: server.url });
    await page.locator('#begin').click();
    await page.clock.runFor(8_000);
    await countdown(page).waitFor();
    await page.locator('#question').pressSequentially('W');
    await page.clock.runFor(400);
    assert.equal(await countdown(page).isVisible(), false, 'typing');
    await page.clock.runFor(8_000);
    await page.getByRole('button', { name: 'I’m still here' }).click();
    await page.clock.runFor(400);
    assert.equal(await countdown(page).isVisible(), false, 'a button');
    const turn = await ask('When was the lantern made?');
    await becomes(turn, 'running');
    for (let step = 0; step < 8; step += 1) await page.clock.runFor(2_500);
    assert.equal(await turn.isVisible(), true, 'a running answer');
    camera.release();
    await becomes(turn, 'completed');
    await page.clock.runFor(11_000);
    await attracts(page);
    await end();
  } finally {
    await server.stop();
    camera.stop();
  }
});

test('without `lang` it speaks the browser’s language, and after a reset again', async () => {
  const { page, end } = await lobby('idle=5', { locale: 'zh-TW' });
  await attracts(page);
  assert.equal(await page.getAttribute('html', 'lang'), 'zh-Hant');
  await page.locator('#language').click();
  assert.equal(await page.locator('#begin').innerText(), 'Touch to begin');
  await page.locator('#begin').click();
  await page.clock.runFor(6_000);
  await attracts(page);
  assert.equal(await page.getAttribute('html', 'lang'), 'zh-Hant');
  await end();
});

test('the keyboard alone begins and asks', async () => {
  const { page, end } = await lobby('idle=60&lang=en');
  await attracts(page);
  for (let presses = 0; presses < 10 && !(await page.evaluate(() => document.activeElement.id === 'begin')); presses += 1) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(await page.isVisible('#begin'), false);
  await page.focus('#question');
  await page.keyboard.type('How much is a ticket?');
  await page.keyboard.press('Enter');
  await becomes(page.locator('.turn'), 'completed');
  await end();
});

test('it survives a restart of its server, and a visitor who left meanwhile is forgotten', async () => {
  const port = demo.port;
  const { page, end, ask, linkIs } = await lobby('idle=30&lang=en', { tolerate: /WebSocket connection to .* failed|ERR_CONNECTION_REFUSED|Failed to load resource/ });
  await page.locator('#begin').click();
  await becomes(await ask('How much is a ticket?'), 'completed');
  await demo.stop();
  await linkIs('waiting');
  await page.clock.runFor(31_000);
  await attracts(page);
  assert.equal(await page.locator('.turn').count(), 0);
  demo = await startDemo(port);
  await page.clock.runFor(16_000);
  await linkIs('open');
  await page.locator('#begin').click();
  await becomes(await ask('How tall is the clock?'), 'completed');
  await end();
});

test('visitors see nothing of the staff’s, unless `debug=1` asks for it', async () => {
  for (const [query, isShown] of [['', false], ['&debug=1', true]]) {
    const { page, end, ask } = await lobby(`idle=60&lang=en${query}`);
    await attracts(page);
    await page.mouse.click(540, 1800); // anywhere
    assert.equal(await page.isVisible('#begin'), false);
    const turn = await ask('How tall is the clock?');
    await becomes(turn, 'completed');
    assert.equal(await turn.locator('.timeline').isVisible(), isShown);
    assert.equal(await page.locator('#visitor').isVisible(), isShown);
    assert.equal(await turn.getByRole('button', { name: 'Copy' }).count(), 0);
    await page.getByRole('button', { name: 'Settings' }).click();
    assert.equal(await page.locator('#forget').isVisible(), isShown);
    await end();
  }
});

test('nothing is counted down over the attract screen, and a reset closes the settings', async () => {
  const { page, end } = await lobby('idle=10&lang=en');
  await attracts(page);
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByLabel('Colours').selectOption('Dark');
  await page.locator('#language').focus();
  await page.clock.runFor(8_000);
  assert.equal(await countdown(page).isVisible(), false);
  await page.clock.runFor(3_000);
  await page.waitForFunction(() => document.documentElement.dataset.theme === 'auto');
  assert.equal(await page.locator('#settings').isVisible(), false);
  await end();
});

test('listening and reading aloud count anew', async () => {
  const { page, end } = await lobby('idle=10&lang=en', { prepare: (page) => page.addInitScript(() => {
    Object.defineProperty(globalThis, 'speechSynthesis', { value: { speaking: false, pending: false, speak() {}, cancel() {} } });
    globalThis.SpeechRecognition = class {
      constructor() { globalThis.recognition = this; }
      start() {}
      abort() {}
    };
  }) });
  await page.locator('#begin').click();
  assert.equal(await page.evaluate(() => document.activeElement.id), 'question');
  const passes = async (what) => {
    for (let step = 0; step < 6; step += 1) {
      await page.clock.runFor(2_500);
      assert.equal(await countdown(page).isVisible(), false, what);
    }
  };
  await page.getByRole('button', { name: 'Speak your question' }).click();
  await passes('listening');
  await page.evaluate(() => globalThis.recognition.onend());
  await page.evaluate(() => { speechSynthesis.speaking = true; });
  await passes('reading aloud');
  await page.evaluate(() => { speechSynthesis.speaking = false; });
  await page.clock.runFor(8_000);
  await countdown(page).waitFor();
  assert.match(await page.textContent('#announcer'), /Still there\? This conversation will be cleared in 3 s\./);
  await page.getByRole('button', { name: 'I’m still here' }).click();
  assert.equal(await page.evaluate(() => document.activeElement.id), 'question');
  await end();
});
