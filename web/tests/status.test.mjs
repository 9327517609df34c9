// The operators' view before the real server, in a real browser. Run with RAPPORT_BIN naming the server binary.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { askFrom, launchBrowser, picture, startDemo, startWithItem, visit } from './harness.mjs';

/** @type {import('playwright-core').Browser} */ let browser;

before(async () => { browser = await launchBrowser(); });
after(() => browser?.close());

/** @typedef {import('playwright-core').Page} Page */

const ELDER = 'an elderly man with a cane';

/** Waits until the view says so. @param {Page} page @param {'open' | 'down' | 'denied'} state */
const stateIs = (page, state) => page.waitForSelector(`#state[data-state="${state}"]`);

/** Waits until the last cell of a row has this text. @param {Page} page @param {string} row @param {RegExp} text */
const shows = (page, row, text) => page.waitForFunction(([name, pattern]) => {
  const found = [...document.querySelectorAll('tr')].find((it) => it.cells[0].textContent === name);
  return found && new RegExp(pattern).test([...found.cells].at(-1).textContent);
}, [row, text.source]);

for (const { locale, lang, search, words } of [
  { locale: 'en-GB', lang: 'en', search: '', words: { elder: 'elder', client: 'client', completed: 'completed', turn: 'whole turn', camera: 'camera', ok: /^ok$/ } },
  { locale: 'zh-TW', lang: 'zh-Hant', search: '', words: { elder: '長者', client: '用戶端', completed: '完成', turn: '全程', camera: '攝影機', ok: /^正常$/ } },
  { locale: 'en-GB', lang: 'zh-Hant', search: '?lang=zh-Hant', words: { elder: '長者', client: '用戶端', completed: '完成', turn: '全程', camera: '攝影機', ok: /^正常$/ } },
]) {
  test(`${lang} for ${locale}${search}: counts move as turns end, and times show`, async () => {
    const demo = await startDemo();
    try {
      const { page, end } = await visit(browser, `${demo.url}status${search}`, { locale });
      await stateIs(page, 'open');
      assert.equal(await page.getAttribute('html', 'lang'), lang);
      await shows(page, words.camera, words.ok);
      await shows(page, words.completed, /^0$/);
      await shows(page, words.turn, /^–$/);
      await askFrom(page, [ELDER, ELDER, ELDER]);
      await shows(page, words.completed, /^3$/);
      await shows(page, words.elder, /^3$/);
      await shows(page, words.client, /^3$/);
      await shows(page, words.turn, /^\d+ ms$/);
      for (const curve of await page.locator('section > svg').all()) {
        assert.equal(await curve.getAttribute('role'), 'img');
        assert.match(await curve.getAttribute('aria-label') ?? '', /^max \d/);
        assert.doesNotMatch(await curve.locator('polyline').getAttribute('points') ?? '', /NaN|Infinity/);
      }
      for (const [width, height] of [[320, 640], [390, 844], [1150, 800], [1280, 800], [1080, 1920]]) {
        await page.setViewportSize({ width, height });
        const over = await page.$$eval('main, section', (boxes) => boxes
          .filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.textContent));
        assert.deepEqual(over, [], `${width} px`);
      }
      await picture(page, `status-${lang}`);
      await end();
    } finally {
      await demo.stop();
    }
  });
}

test('a server that is down is told, and found again when it is back', async () => {
  let demo = await startDemo();
  try {
    const { page, end } = await visit(browser, `${demo.url}status`, { tolerate: /ERR_CONNECTION|Failed to load/ });
    await stateIs(page, 'open');
    await askFrom(page, [ELDER, ELDER]);
    await shows(page, 'completed', /^2$/);
    await demo.stop();
    await stateIs(page, 'down');
    assert.equal(await page.innerText('#state'), 'Server down');
    await shows(page, 'completed', /^2$/);
    demo = await startDemo(demo.port);
    await stateIs(page, 'open');
    await shows(page, 'completed', /^0$/);
    await askFrom(page, [ELDER]);
    await shows(page, 'completed', /^1$/);
    await end();
  } finally {
    await demo.stop();
  }
});

test('where tokens are set, one is asked for, kept for the tab and taken out of sight', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rapport-status-'));
  await writeFile(join(folder, 'tokens'), 's3cret&+%\n');
  const item = { title: 'The lantern', content: 'The lantern was made in 1907.' };
  const server = await startWithItem(item, { flags: ['--token-file', join(folder, 'tokens')] });
  const url = `${server.url}status`;
  try {
    const { page, end } = await visit(browser, url, { tolerate: /401/ });
    await stateIs(page, 'denied');
    assert.equal(await page.innerText('main'), '');
    await page.keyboard.press('Tab');
    await page.keyboard.type('wrong');
    const refused = page.waitForResponse((response) => response.url().endsWith('/metrics'));
    await page.keyboard.press('Enter');
    assert.equal((await refused).status(), 401);
    await page.getByText('Wrong token').waitFor();
    await page.fill('input', 's3cret&+%');
    await page.keyboard.press('Enter');
    await stateIs(page, 'open');
    assert.equal(await page.isVisible('form'), false);
    await page.reload();
    await shows(page, 'completed', /^0$/);
    await end();

    const shown = encodeURIComponent('s3cret&+%');
    for (const address of [`#token=${shown}`, `?token=${shown}`, `?lang=en&token=${shown}`]) {
      const { page, end } = await visit(browser, url + address, { tolerate: /401/ });
      await stateIs(page, 'open');
      assert.doesNotMatch(page.url(), /token/);
      await page.reload();
      await stateIs(page, 'open');
      await end();
    }
  } finally {
    await server.stop();
    await rm(folder, { recursive: true });
  }
});
