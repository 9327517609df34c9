// The microphone and the voice. Headless browsers have neither, so the two interfaces of the browser are played.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { becomes, launchBrowser, startDemo, visit } from './harness.mjs';

/** @type {import('playwright-core').Browser} */ let browser;
/** @type {Awaited<ReturnType<typeof startDemo>>} */ let demo;

before(async () => {
  [browser, demo] = await Promise.all([launchBrowser(), startDemo()]);
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

/** @param {import('playwright-core').Page} page */
const playSpeech = (page) => page.addInitScript(() => {
  globalThis.spoken = [];
  Object.defineProperty(globalThis, 'speechSynthesis', {
    value: {
      speaking: false, pending: false, 
      speak(utterance) { this.speaking = true; globalThis.spoken.push(utterance); },
      cancel() { this.speaking = false; globalThis.spoken.push('silence'); },
    },
  });
  globalThis.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
  globalThis.SpeechRecognition = class {
    constructor() { globalThis.recognition = this; }
    start() { this.isStarted = true; }
    abort() { this.isStarted = false; }
    hear(transcript, isFinal) { this.onresult({ results: [Object.assign([{ transcript }], { isFinal })] }); }
  };
});

const spoken = (page) => page.evaluate(() => globalThis.spoken.filter((each) => each !== 'silence').map(({ text, lang }) => ({ text, lang })));

for (const { locale, question, read, speech } of [
  { locale: 'en-GB', question: 'What are the opening hours?', read: 'Read aloud', speech: { lang: 'en-US' } },
  { locale: 'zh-TW', question: '開放時間是幾點到幾點？', read: '朗讀', speech: { lang: 'zh-TW' } },
]) {
  test(`${locale}: an answer is read aloud sentence by sentence in its own voice`, async () => {
    const { page, end, linkIs, ask } = await visit(browser, demo.url, { locale, prepare: playSpeech });
    await linkIs('open');
    await becomes(await ask(question), 'completed');
    assert.deepEqual(await spoken(page), [], 'it speaks without being asked to');
    await page.getByRole('button', { name: read }).click();
    const turn = await ask(question);
    await becomes(turn, 'completed');
    const said = await spoken(page);
    assert.ok(said.length > 1, 'in one piece');
    for (const { lang } of said) assert.equal(lang, speech.lang);
    const plain = (text) => text.replace(/\s/g, '');
    assert.equal(plain(said.map(({ text }) => text).join('')), plain(await turn.locator('.answer').innerText()));
    await end();
  });
}

test('speaking is cut when the visitor interrupts', async () => {
  const { page, end, linkIs, ask } = await visit(browser, demo.url, { prepare: playSpeech });
  await linkIs('open');
  await page.getByRole('button', { name: 'Read aloud' }).click();
  await becomes(await ask('What are the opening hours?'), 'completed');
  const isSpeaking = () => page.evaluate(() => globalThis.speechSynthesis.speaking);
  assert.equal(await isSpeaking(), true);
  await page.locator('#question').pressSequentially('H');
  assert.equal(await isSpeaking(), false);
  await becomes(await ask('How much is a ticket?'), 'completed');
  assert.equal(await isSpeaking(), true);
  await page.getByRole('button', { name: 'Speak your question' }).click();
  assert.equal(await isSpeaking(), false);
  await end();
});

test('a spoken question is written as it is heard, and asked at its end', async () => {
  const { page, end, linkIs } = await visit(browser, demo.url, { locale: 'zh-TW', prepare: playSpeech });
  await linkIs('open');
  const button = page.getByRole('button', { name: '用說的提問' });
  await button.click();
  assert.equal(await button.getAttribute('aria-pressed'), 'true');
  assert.equal(await page.evaluate(() => globalThis.recognition.lang), 'zh-TW');
  assert.equal(await page.getAttribute('#question', 'placeholder'), '聆聽中，請說話');
  await page.evaluate(() => globalThis.recognition.hear('門票', false));
  assert.equal(await page.inputValue('#question'), '門票');
  await page.evaluate(() => globalThis.recognition.hear('門票多少錢', true));
  await becomes(page.locator('.turn'), 'completed');
  assert.equal(await page.innerText('.question'), '門票多少錢');
  assert.equal(await button.getAttribute('aria-pressed'), 'false');
  await button.click();
  await page.evaluate(() => globalThis.recognition.onerror({ error: 'not-allowed' }));
  await page.getByRole('alert').getByText('無法語音輸入').waitFor();
  await end();
});

test('where the browser cannot speak or listen, neither is offered', async () => {
  const { page, end, linkIs } = await visit(browser, demo.url, {
    prepare: (opened) => opened.addInitScript(() => {
      delete globalThis.speechSynthesis;
      delete Window.prototype.speechSynthesis;
      delete globalThis.webkitSpeechRecognition;
      delete globalThis.SpeechRecognition;
    }),
  });
  await linkIs('open');
  assert.equal(await page.isVisible('#read'), false);
  assert.equal(await page.isVisible('#microphone'), false);
  await end();
});
