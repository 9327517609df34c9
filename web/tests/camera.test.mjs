// The visitor's camera, with a fake device: opt-in, told, small stills, never more often than the server takes.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { becomes, launchBrowser, picture, startDemo, startWithItem, visit } from './harness.mjs';

/** @type {import('playwright-core').Browser} */ let browser;
/** @type {Awaited<ReturnType<typeof startDemo>>} */ let demo;

before(async () => {
  [browser, demo] = await Promise.all([launchBrowser('--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'), startDemo()]);
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

/** Notes what the page sends. @param {import('playwright-core').Page} page */
function watch(page) {
  /** @type {(string | Buffer)[]} */ const sent = [];
  page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => sent.push(payload)));
  return { stills: () => sent.filter((payload) => typeof payload !== 'string'), frames: () => sent.filter((payload) => typeof payload === 'string').map((text) => JSON.parse(text)) };
}

test('the camera is on when the visitor says so, shows it, and sends small stills', async () => {
  let wire;
  const { page, end, linkIs } = await visit(browser, demo.url, {
    tolerate: /closed before the connection/, // the clock outruns the network
    prepare: async (opened) => { wire = watch(opened); await opened.clock.install(); },
  });
  await linkIs('open');
  assert.equal(await page.isVisible('#preview'), false);
  assert.equal(await page.getByText('Camera on').isVisible(), false);
  assert.equal(wire.stills().length, 0);

  await page.getByRole('button', { name: 'Use the camera' }).click();
  await page.getByText('Camera on').waitFor();
  assert.equal(await page.isVisible('#preview'), true);
  for (const sign of ['#live', '#preview']) {
    assert.equal(await page.locator(sign).evaluate((node) => {
      const { left, top, width, height } = node.getBoundingClientRect();
      return document.elementFromPoint(left + width / 2, top + height / 2) === node;
    }), true, `something lies over ${sign}`);
  }
  const track = await page.evaluateHandle(() => document.querySelector('#preview').srcObject.getTracks()[0]);
  const isLive = () => track.evaluate(({ readyState }) => readyState === 'live');
  assert.equal(await isLive(), true);
  await page.waitForFunction(() => document.querySelector('#preview').videoWidth > 0);
  await page.clock.runFor(100);
  await page.waitForFunction(() => document.querySelector('#seen').textContent !== '');
  assert.equal(wire.stills().length, 1);
  const still = wire.stills()[0];
  assert.deepEqual([still[0], still[1], still[2]], [0xff, 0xd8, 0xff], 'a JPEG');
  assert.ok(still.length < 128 * 1024, `${still.length} bytes`);
  const size = await page.evaluate(async (data) => {
    const picture = await createImageBitmap(new Blob([new Uint8Array(data)]));
    return [picture.width, picture.height];
  }, [...still]);
  assert.equal(Math.max(...size), 512);
  await picture(page, 'camera');

  // Typing asks for another, but not within 8 s of the last.
  await page.fill('#question', 'How tall is the clock?');
  await page.clock.runFor(7_000);
  assert.equal(wire.stills().length, 1);
  await page.clock.runFor(2_000);
  await waitFor(() => wire.stills().length === 2);
  await page.press('#question', 'Enter');
  const turn = page.locator('.turn').last();
  await becomes(turn, 'completed');
  assert.equal(await turn.locator('.answer').count(), 1);

  // A minute without a sign of the visitor, and no more stills go out.
  for (let second = 0; second < 70; second += 2) {
    await page.clock.runFor(2_000);
    await linkIs('open');
  }
  await waitFor(() => wire.stills().length === 2 + 8);
  await page.clock.runFor(30_000);
  await page.evaluate(() => new Promise((resolve) => document.createElement('canvas').toBlob(resolve))); // behind any still
  assert.equal(wire.stills().length, 2 + 8);

  await page.getByRole('button', { name: 'Use the camera' }).click();
  assert.equal(await page.getByText('Camera on').isVisible(), false);
  assert.equal(await isLive(), false, 'the device goes on');
  assert.equal(await page.evaluate(() => document.querySelector('#preview').srcObject), null);
  await end();
});

/** Waits for what the page has sent. @param {() => boolean} is */
async function waitFor(is) {
  const deadline = Date.now() + 15_000;
  while (!is()) {
    assert.ok(Date.now() < deadline, `nothing was sent in time: ${is}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('“that’s not me” drops the simulated visitor and looks again; a new visitor finds the camera off', async () => {
  const { page, end, linkIs, ask } = await visit(browser, demo.url);
  await linkIs('open');
  await page.locator('#visitor option').nth(1).waitFor({ state: 'attached' });
  await page.selectOption('#visitor', { index: 1 });
  assert.match(await page.innerText('#seen'), /^You were described as: /);
  await becomes(await ask('How tall is the clock?'), 'completed');
  await page.getByRole('button', { name: 'That’s not me' }).click();
  assert.equal(await page.inputValue('#visitor'), '');
  await page.locator('#seen').filter({ hasText: /^(Seen|The camera sees nobody)/ }).waitFor();
  await page.getByRole('button', { name: 'Use the camera' }).click();
  await page.getByText('Camera on').waitFor();
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'New visitor' }).click();
  assert.equal(await page.getByText('Camera on').isVisible(), false);
  await end();
});

test('a camera that is refused is said, and answers come without it', async () => {
  const { page, end, linkIs, ask } = await visit(browser, demo.url, {
    prepare: (opened) => opened.addInitScript(() => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
    }),
  });
  await linkIs('open');
  await page.getByRole('button', { name: 'Use the camera' }).click();
  await page.getByRole('alert').getByText('The camera can’t be used. Is it allowed').waitFor();
  assert.equal(await page.getByText('Camera on').isVisible(), false);
  await becomes(await ask('How tall is the clock?'), 'completed');
  await end();
});

test('a house whose VLM looks at no stills offers no camera', async () => {
  const server = await startWithItem({ title: 'The lantern', content: 'The lantern was made in 1907.' });
  const { page, end, linkIs, ask } = await visit(browser, server.url);
  try {
    await linkIs('open');
    await becomes(await ask('When was the lantern made?'), 'completed');
    assert.equal(await page.isVisible('#look'), false);
    assert.equal(await page.isVisible('#camera'), false);
    await end();
  } finally {
    await server.stop();
  }
});
