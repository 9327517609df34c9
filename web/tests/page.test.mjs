// The page before the real server, in a real browser. Run with RAPPORT_BIN naming the server binary.

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

const LANTERN = { title: 'The lantern', content: 'The lantern was made in 1907. It weighs three tonnes. Its light is seen for 20 miles.' };

/** Runs a test against a server whose turns go on until `release`. @param {(held: any) => Promise<void>} body */
async function withHeldTurns(body) {
  const camera = await startHeldCamera();
  let server = await startWithItem(LANTERN, { flags: camera.flags });
  const restart = async () => { server = await startWithItem(LANTERN, { port: server.port, flags: camera.flags }); };
  try {
    await body({ url: server.url, release: camera.release, kill: () => server.stop(), restart });
  } finally {
    await server.stop();
    camera.stop();
  }
}

/** Counts how often the newest answer's text grows. @param {import('playwright-core').Page} page */
const watchGrowth = (page) => page.evaluate(() => {
  globalThis.lengths = new Set();
  new MutationObserver(() => {
    const length = [...document.querySelectorAll('.answer')].at(-1)?.textContent.length;
    if (length) globalThis.lengths.add(length);
  }).observe(document.querySelector('#log'), { subtree: true, childList: true, characterData: true });
});

for (const { locale, lang, question, tones, sees, timings } of [
  {
    locale: 'en-GB', lang: 'en', question: 'What are the opening hours?',
    tones: /^Tone: (child|elder|professional|casual)\b/, sees: /^(Seen|The camera sees nobody)/, timings: /^First token [\d,]+ ms · total [\d,]+ ms/,
  },
  {
    locale: 'zh-TW', lang: 'zh-Hant', question: '開放時間是幾點到幾點？',
    tones: /^語氣：(兒童|長者|專業|輕鬆)/, sees: /^(看到|鏡頭前)/, timings: /^第一個字 [\d,]+ ms · 全部 [\d,]+ ms/,
  },
]) {
  test(`${lang}: a question streams an answer with its tone, the description and timings`, async () => {
    const { page, end, linkIs, ask } = await visit(browser, demo.url, { locale });
    await linkIs('open');
    assert.equal(await page.getAttribute('html', 'lang'), lang);
    assert.equal(await page.isVisible('#builtin'), true);
    await watchGrowth(page);
    const turn = await ask(question);
    await becomes(turn, 'completed');
    assert.ok(await page.evaluate(() => globalThis.lengths.size) > 1, 'the text came in one piece');
    assert.match(await turn.locator('.chip').innerText(), tones);
    assert.match(await turn.locator('.timeline summary').innerText(), timings);
    await page.waitForSelector('#camera:not([hidden])');
    assert.match(await page.innerText('#seen'), sees);
    assert.equal(await turn.locator('.answer').getAttribute('lang'), lang);
    const answer = await turn.locator('.answer').innerText();
    const spoken = await page.textContent('#announcer');
    const plain = (text) => text.replace(/\s/g, '');
    assert.ok(plain(spoken).endsWith(plain(answer)), 'a screen reader hears another text');
    await picture(page, `answer-${lang}`);
    await end();
  });
}

test('a suggestion asks its question', async () => {
  const { page, end, linkIs } = await visit(browser, demo.url);
  await linkIs('open');
  const suggestion = page.locator('#suggestions .suggestion').first();
  const words = await suggestion.innerText();
  await suggestion.click();
  await becomes(page.locator('.turn'), 'completed');
  assert.equal(await page.innerText('.question'), words);
  assert.equal(await page.isVisible('#welcome'), false);
  await end();
});

test('a reload keeps the conversation', async () => {
  const { page, end, linkIs, ask } = await visit(browser, demo.url);
  await linkIs('open');
  const turn = await ask('What are the opening hours?');
  await becomes(turn, 'completed');
  const shown = await page.innerText('#log');
  await page.reload();
  await linkIs('open');
  assert.equal(await page.innerText('#log'), shown);
  await becomes(await ask('How much is a ticket?'), 'completed');
  await end();
});

test('markup in a question and in an answer stays text', async () => {
  const content = 'The lantern room says <script>alert(1)</script> and <img src=x onerror=alert(2)> to everyone.';
  const server = await startWithItem({ title: 'The lantern room', content });
  const { page, end, linkIs, ask } = await visit(browser, server.url);
  try {
    await linkIs('open');
    const question = 'What does the lantern room say? <script>alert(3)</script><img src=x onerror=alert(4)>';
    const turn = await ask(question);
    await becomes(turn, 'completed');
    assert.equal(await turn.locator('.question').innerText(), question);
    assert.match(await turn.locator('.answer').innerText(), /<script>alert\(1\)<\/script> and <img src=x onerror=alert\(2\)>/);
    await page.reload();
    await linkIs('open');
    assert.equal(await page.locator('main script, main img, #announcer script, #announcer img').count(), 0);
    await end();
  } finally {
    await server.stop();
  }
});

test('the switch changes every label and outlives a reload', async () => {
  const { page, end, linkIs, ask } = await visit(browser, demo.url, { locale: 'zh-TW' });
  await linkIs('open');
  await becomes(await ask('開放時間是幾點到幾點？'), 'completed');
  await page.click('#language');
  await page.reload();
  await linkIs('open');
  assert.equal(await page.getAttribute('html', 'lang'), 'en');
  assert.match(await page.innerText('.chip'), /^Tone: /);
  assert.equal(await page.getAttribute('#question', 'placeholder'), 'Ask a question…');
  await end();
});

test('the keyboard alone asks, writes lines and stops', () => withHeldTurns(async ({ url }) => {
  const { page, end, linkIs } = await visit(browser, url);
  await linkIs('open');
  await page.evaluate(() => document.activeElement.blur());
  const reach = async (id) => {
    for (let presses = 0; presses < 20; presses += 1) {
      if (await page.evaluate(() => document.activeElement.id) === id) return;
      await page.keyboard.press('Tab');
    }
    assert.fail(`Tab does not reach #${id}`);
  };
  await reach('question');
  await page.keyboard.type('When was the lantern made,');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('and what does it weigh?');
  // An input method's Enter chooses a word; it must not send.
  await page.evaluate(() => document.activeElement.dispatchEvent(
    new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true, cancelable: true })));
  assert.equal(await page.locator('.turn').count(), 0);
  await page.keyboard.press('Enter');
  assert.equal(await page.innerText('.question'), 'When was the lantern made,\nand what does it weigh?');
  await becomes(page.locator('.turn'), 'running');
  await reach('stop');
  await page.keyboard.press('Enter');
  await becomes(page.locator('.turn'), 'cancelled');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'question');
  assert.match(await page.innerText('.note'), /^Stopped\./);
  await end();
}));

test('a second question interrupts the first', () => withHeldTurns(async ({ url, release }) => {
  const { end, linkIs, ask } = await visit(browser, url);
  await linkIs('open');
  const first = await ask('When was the lantern made?');
  await becomes(first, 'running');
  const second = await ask('What does the lantern weigh?');
  await becomes(first, 'interrupted');
  release();
  await becomes(second, 'completed');
  await end();
}));

test('a new visitor finds nothing of the last one', async () => {
  const { page, end, linkIs, ask } = await visit(browser, demo.url);
  await linkIs('open');
  await becomes(await ask('What are the opening hours?'), 'completed');
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.click('#forget');
  assert.equal(await page.locator('.turn').count(), 0);
  assert.equal(await page.textContent('#announcer'), '');
  assert.equal(await page.isVisible('#welcome'), true);
  await becomes(await ask('How much is a ticket?'), 'completed');
  await page.reload();
  await linkIs('open');
  assert.equal(await page.locator('.turn').count(), 1);
  await end();
});

test('the page survives its server', () => withHeldTurns(async ({ url, release, kill, restart }) => {
  const { page, end, linkIs, ask } = await visit(browser, url, { tolerate: /WebSocket connection to .* failed/ });
  await linkIs('open');
  const cutOff = await ask('When was the lantern made?');
  await becomes(cutOff, 'running');
  await kill();
  await linkIs('waiting');
  assert.match(await page.innerText('#why'), /Connection lost/);
  await picture(page, 'reconnecting');
  const queued = await ask('What does the lantern weigh?');
  assert.match(await queued.locator('.thinking').innerText(), /^Not sent yet\.$/);
  release();
  await restart();
  await linkIs('open');
  assert.equal(await page.isVisible('#banner'), false);
  await becomes(cutOff, 'lost');
  await becomes(queued, 'completed');
  await cutOff.locator('.again').click();
  await becomes(page.locator('.turn').nth(2), 'completed');
  await picture(page, 'after-reconnecting');
  await end();
}));
