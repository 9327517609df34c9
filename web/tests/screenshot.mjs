// Takes the documents' pictures: RAPPORT_BIN=… node screenshot.mjs writes docs/page.png and docs/status.png.

import assert from 'node:assert/strict';
import { mkdir, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { askFrom, becomes, launchBrowser, startDemo, visit } from './harness.mjs';

const docs = new URL('../../docs/', import.meta.url);

/** @param {import('playwright-core').Page} page @param {string} name @param {number} largest in KiB */
async function shoot(page, name, largest) {
  const picture = fileURLToPath(new URL(name, docs));
  await page.screenshot({ path: picture });
  const { size } = await stat(picture);
  assert.ok(size <= largest * 1024, `${picture} has ${size} bytes`);
}

/** The visitors' page. @param {import('playwright-core').Browser} browser @param {string} url */
async function shootPage(browser, url) {
  const { page, end, linkIs, ask } = await visit(browser, url);
  await page.setViewportSize({ width: 1280, height: 800 });
  await linkIs('open');
  // The simulated camera speaks two languages; an English README shows an English visitor with a tone.
  const camera = page.locator('#seen:not(:empty)');
  await camera.waitFor();
  while (!/^[\x20-\x7e\u2019]*\b(boy|girl|child|kid)\b/i.test(await camera.innerText())) {
    const before = await camera.innerText();
    await page.getByRole('button', { name: 'That’s not me' }).click();
    await page.waitForFunction((text) => {
      const now = document.querySelector('#seen:not(:empty)')?.innerText;
      return now && now !== text && /:\s*\S/.test(now);
    }, before);
  }
  const turn = await ask('How tall is the clock?');
  await becomes(turn, 'completed');
  await turn.locator('.chip').click();
  await page.focus('#question');
  await shoot(page, 'page.png', 150);
  await end();
}

/** The operators' view after five minutes, which the page's clock runs through. @param {import('playwright-core').Browser} browser @param {string} url */
async function shootStatus(browser, url) {
  const VISITORS = ['a boy in a school uniform', 'an elderly man with a cane', 'a woman in a business suit', 'a man in a red T-shirt'];
  const { page, end } = await visit(browser, `${url}status`, { prepare: (page) => page.clock.install() });
  await page.setViewportSize({ width: 1040, height: 540 });
  await page.evaluate(() => { document.documentElement.style.fontSize = '13px'; });
  for (let second = 0; second < 300; second += 2) {
    const many = Math.round(3 + 2 * Math.sin(second / 25) + 2 * Math.random());
    await askFrom(page, Array.from({ length: many }, () => VISITORS[Math.floor(4 * Math.random() ** 1.5)]));
    // Now and then somebody is new, and the camera looks first.
    if (second % 30 === 0) await askFrom(page, [undefined, undefined]);
    const scraped = page.waitForResponse('**/metrics');
    await page.clock.runFor(2000);
    await scraped;
  }
  await shoot(page, 'status.png', 60);
  await end();
}

const [browser, server] = await Promise.all([launchBrowser(), startDemo()]);
try {
  await mkdir(docs, { recursive: true });
  await shootPage(browser, server.url);
  await shootStatus(browser, server.url);
} finally {
  await browser.close();
  await server.stop();
}
