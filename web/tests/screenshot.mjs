// Takes the README's picture of the page: RAPPORT_BIN=… node screenshot.mjs writes docs/page.png.

import assert from 'node:assert/strict';
import { mkdir, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { becomes, launchBrowser, startDemo, visit } from './harness.mjs';

const LARGEST = 150 * 1024; // bytes
const picture = new URL('../../docs/page.png', import.meta.url);

const [browser, server] = await Promise.all([launchBrowser(), startDemo()]);
try {
  const { page, end, linkIs, ask } = await visit(browser, server.url);
  await page.setViewportSize({ width: 1280, height: 800 });
  await linkIs('open');
  await page.waitForSelector('#camera:not([hidden])');
  const turn = await ask('Who founded the museum?');
  await becomes(turn, 'completed');
  await turn.locator('.chip').click();
  await page.focus('#question');
  await mkdir(new URL('.', picture), { recursive: true });
  await page.screenshot({ path: fileURLToPath(picture) });
  await end();
} finally {
  await browser.close();
  await server.stop();
}
const { size } = await stat(picture);
assert.ok(size <= LARGEST, `docs/page.png has ${size} bytes`);
