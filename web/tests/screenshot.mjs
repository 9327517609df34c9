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
  await mkdir(new URL('.', picture), { recursive: true });
  await page.screenshot({ path: fileURLToPath(picture) });
  await end();
} finally {
  await browser.close();
  await server.stop();
}
const { size } = await stat(picture);
assert.ok(size <= LARGEST, `docs/page.png has ${size} bytes`);
