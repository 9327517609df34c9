// What a visitor can do with an answer and with the page itself.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { becomes, launchBrowser, picture, startDemo, visit } from './harness.mjs';

/** @type {import('playwright-core').Browser} */ let browser;
/** @type {Awaited<ReturnType<typeof startDemo>>} */ let demo;

before(async () => {
  [browser, demo] = await Promise.all([launchBrowser(), startDemo()]);
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

/** The bars' names in an open timeline. @param {import('playwright-core').Locator} turn */
async function stages(turn) {
  await turn.locator('.waterfall').waitFor();
  return turn.locator('.waterfall g text:first-child').allTextContents();
}

test('a reply opens into its timeline, and the strategies are compared side by side', async () => {
  const { page, end, linkIs, ask } = await visit(browser, demo.url);
  await page.setViewportSize({ width: 1280, height: 800 });
  await linkIs('open');
  await page.locator('#seen:not(:empty)').waitFor();
  const turn = await ask('How tall is the clock?');
  await becomes(turn, 'completed');
  assert.equal(await turn.locator('.waterfall').count(), 0);
  await turn.locator('.timeline summary').click();
  const bars = await stages(turn);
  for (const stage of ['describe', 'retrieve', 'answer', 'convert 1']) assert.ok(bars.includes(stage), `${stage} is not in ${bars}`);
  assert.match(await turn.locator('.waterfall').getAttribute('aria-label'), /(prefetch|describe) -?[\d,]+–-?[\d,]+ ms; /);
  assert.match(await turn.locator('.waterfall').textContent(), /First token \d+ ms/);
  assert.match(await turn.locator('.timeline').innerText(), /(The camera won|The answer won).*Computed, not measured: Sequential [\d,]+ ms, Parallel [\d,]+ ms/s);
  assert.match(await turn.locator('.timeline').innerText(), /The Great Tide Clock: exhibits\.json · \d\.\d\d/);
  await picture(page, 'timeline');

  await turn.getByRole('button', { name: 'Compare the strategies' }).click();
  const compared = page.locator('.compare .turn');
  await becomes(compared.nth(2), 'completed');
  assert.deepEqual(await compared.locator('h2:not(.hidden)').allInnerTexts(), ['Sequential', 'Parallel', 'Race']);
  const boxes = await Promise.all([0, 1, 2].map((at) => compared.nth(at).boundingBox()));
  assert.ok(new Set(boxes.map(({ y }) => Math.round(y))).size === 1, 'they do not stand side by side');
  // Sequential asks the camera after the answer, so its bar begins no earlier than the answer's.
  assert.deepEqual((await stages(compared.nth(0))).slice(0, 3), ['retrieve', 'answer', 'describe']);
  const lines = await compared.locator('line').evaluateAll((all) => all.map((line) => line.getBoundingClientRect().height > 0));
  assert.deepEqual(lines, Array(lines.length).fill(true), 'a line is not drawn');
  await picture(page, 'compare');
  await end();
});

test('the strategy of the settings is the one that is asked for', async () => {
  const { page, end, linkIs, ask } = await visit(browser, demo.url);
  await linkIs('open');
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByLabel('Strategy').selectOption('Sequential');
  await page.keyboard.press('Escape');
  const turn = await ask('How tall is the clock?');
  await becomes(turn, 'completed');
  await turn.locator('.timeline summary').click();
  assert.deepEqual((await stages(turn)).slice(0, 3), ['retrieve', 'answer', 'describe']);
  assert.match(await turn.locator('.timeline').innerText(), /not measured: Parallel [\d,]+ ms/);
  await end();
});

test('a question is edited and sent again, an answer is copied', async () => {
  const { page, end, linkIs, ask } = await visit(browser, demo.url);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await linkIs('open');
  const turn = await ask('How tall is the clock?');
  await becomes(turn, 'completed');
  await turn.getByRole('button', { name: 'Copy' }).click();
  await turn.getByRole('button', { name: 'Copied' }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await turn.locator('.answer').textContent());
  await turn.getByRole('button', { name: 'Edit' }).click();
  assert.equal(await page.inputValue('#question'), 'How tall is the clock?');
  await page.locator('#question').press('End');
  await page.keyboard.type(' And who made it?');
  await page.keyboard.press('Enter');
  const again = page.locator('.turn').nth(1);
  await becomes(again, 'completed');
  assert.equal(await again.locator('.question').innerText(), 'How tall is the clock? And who made it?');
  await end();
});

test('each tone has a persona: a name, a colour and a figure, and sources are cards', async () => {
  const { page, end, linkIs, ask } = await visit(browser, demo.url, { locale: 'zh-TW' });
  await linkIs('open');
  const seen = [];
  for (const [visitor, persona, tone] of [
    [/小男孩/, '科學探險隊隊長', '兒童'], [/老先生|老太太|阿嬤|奶奶/, '資深導覽員', '長者'], [/西裝|套裝|領帶/, '官方專家導覽員', '專業'],
  ]) {
    const option = page.locator('#visitor option').filter({ hasText: visitor }).first();
    await page.selectOption('#visitor', await option.getAttribute('value'));
    const turn = await ask('大潮汐鐘有多高？');
    await becomes(turn, 'completed');
    assert.match(await turn.locator('.tone summary').innerText(), new RegExp(`${persona}\\s+語氣：${tone}`));
    seen.push(await turn.locator('.chip').evaluate((chip) => getComputedStyle(chip).backgroundColor + getComputedStyle(chip).color));
    assert.equal(await turn.locator('.tone svg use').count(), 1);
    await turn.locator('.tone summary').click();
    assert.match(await turn.locator('.tone').innerText(), /依據：.*\n+對您的描述：/);
    assert.match(await turn.locator('.sources li').first().innerText(), /^大潮汐鐘$/);
  }
  assert.equal(new Set(seen).size, 3);
  await picture(page, 'personas');
  await end();
});

test('text size, contrast and colours are the visitor’s, and outlive a reload', async () => {
  const { page, end, linkIs } = await visit(browser, demo.url);
  await linkIs('open');
  const style = () => page.evaluate(() => {
    const { backgroundColor, color } = getComputedStyle(document.body);
    return { backgroundColor, color, fontSize: parseFloat(getComputedStyle(document.documentElement).fontSize) };
  });
  const before = await style();
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByLabel('Text size').selectOption('Very large');
  await page.getByLabel('Contrast').selectOption('High');
  await page.getByLabel('Colours').selectOption('Dark');
  await picture(page, 'settings');
  for (const how of ['at once', 'after a reload']) {
    const now = await style();
    assert.ok(now.fontSize > before.fontSize * 1.4, how);
    assert.deepEqual([now.backgroundColor, now.color], ['rgb(0, 0, 0)', 'rgb(255, 255, 255)'], how);
    await page.reload();
    await linkIs('open');
  }
  await end();
});

test('a page that is offline says so, and comes back by itself', async () => {
  const { page, end, linkIs, ask } = await visit(browser, demo.url, { tolerate: /WebSocket|ERR_INTERNET_DISCONNECTED|Failed to load/ });
  await linkIs('open');
  await page.context().setOffline(true);
  await linkIs('waiting');
  assert.match(await page.innerText('#why'), /This device is offline/);
  const queued = await ask('How tall is the clock?');
  assert.match(await queued.innerText(), /Not sent yet/);
  await page.context().setOffline(false);
  await becomes(queued, 'completed');
  await end();
});

test('questions to begin with are the house’s own, in the page’s language', async () => {
  const { page, end, linkIs } = await visit(browser, demo.url, { locale: 'zh-TW' });
  await linkIs('open');
  const first = page.locator('#suggestions .suggestion').first();
  assert.match(await first.innerText(), /\p{Script=Han}.*？/u);
  await page.click('#language');
  assert.match(await first.innerText(), /^[\x20-\x7e]+\?$/);
  await first.click();
  await becomes(page.locator('.turn'), 'completed');
  assert.doesNotMatch(await page.innerText('.answer'), /don’t know|don't know/);
  await end();
});
