// Takes the documents' pictures: RAPPORT_BIN=… node screenshot.mjs writes docs/*.png. The simulator lies beside the server.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { askFrom, becomes, launchBrowser, startDemo, startProgram, startServer, visit } from './harness.mjs';

const docs = new URL('../../docs/', import.meta.url);

/** @param {import('playwright-core').Page} page @param {string} name @param {number} largest in KiB */
async function shoot(page, name, largest) {
  const picture = fileURLToPath(new URL(name, docs));
  await page.screenshot({ path: picture });
  const { size } = await stat(picture);
  assert.ok(size <= largest * 1024, `${picture} has ${size} bytes`);
}

const ANSWER = 'The Great Tide Clock is 3.2 metres tall and stands in the entrance hall on floor 1. It was made in 1931 by Hsu '
  + 'Wen-shan, who spent 3 years on it. Inside the camphor-wood case, 214 brass gears drive 3 dials: the hour, the age of '
  + 'the moon and the height of the tide.';

/** The visitors' page, with simulated models, so that the stages take the time that they take. @param {import('playwright-core').Browser} browser */
async function shootPage(browser) {
  const folder = await mkdtemp(join(tmpdir(), 'rapport-picture-'));
  await writeFile(join(folder, 'answer.txt'), ANSWER);
  const simulator = join(dirname(process.env.RAPPORT_BIN ?? ''), 'vlm-sim');
  const models = await startProgram(simulator, '--listen', '127.0.0.1:0', '--answer', join(folder, 'answer.txt'));
  const server = await startServer('demo', '--listen', '127.0.0.1:0', '--llm-url', `${models.url}/v1`,
    '--llm-model', 'sim-answer-ttft700-tps30', '--convert-model', 'sim-convert-ttft300-tps40', '--warmup', '0', '--seed', '4');
  try {
    const { page, end, linkIs, ask } = await visit(browser, server.url);
    await page.setViewportSize({ width: 1280, height: 960 });
    await linkIs('open');
    await page.locator('#seen:not(:empty)').waitFor();
    const turn = await ask('How tall is the clock?');
    await becomes(turn, 'completed');
    await turn.locator('.timeline summary').click();
    await turn.locator('.waterfall').waitFor();
    await page.setViewportSize({ width: 1280, height: 1150 });
    await shoot(page, 'page.png', 150);
    await page.setViewportSize({ width: 1280, height: 960 });
    await turn.locator('.compare-all').click();
    await becomes(page.locator('.compare .turn').nth(2), 'completed');
    await shoot(page, 'compare.png', 150);
    await end();
    const kiosk = await visit(browser, `${server.url}?kiosk=1&lang=zh-Hant`);
    await kiosk.page.setViewportSize({ width: 1080, height: 1920 });
    await kiosk.page.locator('#suggestions .suggestion').first().waitFor();
    await shoot(kiosk.page, 'kiosk.png', 150);
    await kiosk.end();
  } finally {
    await Promise.all([server.stop(), models.stop()]);
    await rm(folder, { recursive: true });
  }
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
  await shootPage(browser);
  await shootStatus(browser, server.url);
} finally {
  await browser.close();
  await server.stop();
}
