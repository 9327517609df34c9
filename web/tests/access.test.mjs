// Every screen at every size, in both languages, light and dark: nothing that axe-core objects to, nothing that overflows.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { becomes, launchBrowser, picture, startDemo, visit } from './harness.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** @type {import('playwright-core').Browser} */ let browser;
/** @type {Awaited<ReturnType<typeof startDemo>>} */ let demo;

before(async () => {
  [browser, demo] = await Promise.all([launchBrowser('--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'), startDemo()]);
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

/** @param {import('playwright-core').Page} page @param {string} screen */
async function check(page, screen) {
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    const { violations: found } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
  });
  assert.deepEqual(violations, [], screen);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `${screen} is ${overflow} px too wide`);
  await picture(page, screen.replaceAll(' ', '-'));
}

const SIZES = [{ width: 390, height: 844 }, { width: 1280, height: 800 }, { width: 1080, height: 1920 }];

for (const size of SIZES) {
  for (const locale of ['en-GB', 'zh-TW']) {
    for (const colorScheme of ['light', 'dark']) {
      const name = `${size.width}x${size.height} ${locale} ${colorScheme}`;
      test(name, async () => {
        const { page, end, linkIs, ask } = await visit(browser, demo.url, { locale, prepare: async (opened) => {
          await opened.setViewportSize(size);
          await opened.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        } });
        await linkIs('open');
        await page.locator('#suggestions .suggestion').first().waitFor();
        await check(page, `${name} welcome`);
        await page.locator('#look').click();
        await page.locator('#live:not([hidden])').waitFor();
        const turn = await ask(locale === 'en-GB' ? 'How tall is the clock?' : '大潮汐鐘有多高？');
        await becomes(turn, 'completed');
        await turn.locator('.tone summary').click();
        await turn.locator('.timeline summary').click();
        await turn.locator('.waterfall').waitFor();
        await check(page, `${name} answer`);
        await turn.locator('.compare-all').click();
        await becomes(page.locator('.compare .turn').nth(2), 'completed');
        await check(page, `${name} compare`);
        await page.locator('[popovertarget=settings]').first().click();
        await check(page, `${name} settings`);
        await page.locator('#settings [name=contrast]').selectOption('more');
        await page.locator('#settings [name=size]').selectOption('3');
        await page.keyboard.press('Escape');
        await check(page, `${name} contrast`);
        await end();
      });
    }
  }
}

test('the attract screen, in both languages and colours', async () => {
  for (const lang of ['en', 'zh-Hant']) {
    for (const colorScheme of ['light', 'dark']) {
      const { page, end, linkIs } = await visit(browser, `${demo.url}?kiosk=1&lang=${lang}`, { prepare: async (opened) => {
        await opened.setViewportSize(SIZES[2]);
        await opened.emulateMedia({ colorScheme });
      } });
      await linkIs('open');
      await page.locator('#suggestions .suggestion').first().waitFor();
      await check(page, `attract ${lang} ${colorScheme}`);
      await end();
    }
  }
});
