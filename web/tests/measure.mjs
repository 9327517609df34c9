// What the page takes, as it measures itself: RAPPORT_BIN=… node measure.mjs. Not a test: machines differ.

import { launchBrowser, startServer, visit } from './harness.mjs';

const REPLIES = 500;
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const worst = (values) => Math.max(...values);

const [browser, server] = await Promise.all([launchBrowser('--enable-precise-memory-info', '--js-flags=--expose-gc'), startServer('demo', '--listen', '127.0.0.1:0', '--messages-per-minute', '0')]);
try {
  const paints = [];
  for (let load = 0; load < 5; load += 1) {
    const { page, end, linkIs } = await visit(browser, server.url);
    await linkIs('open');
    paints.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime));
    await end();
  }
  console.log(`first contentful paint: median ${Math.round(median(paints))} ms of ${paints.length} cold loads, worst ${Math.round(worst(paints))}`);

  const { page, end, linkIs } = await visit(browser, server.url, { tolerate: /./ });
  await linkIs('open');
  await page.locator('#visitor option').nth(1).waitFor({ state: 'attached' });
  await page.selectOption('#visitor', { index: 1 });
  const heap = () => page.evaluate(() => { globalThis.gc(); return performance.memory.usedJSHeapSize / 1024 / 1024; });
  const heaps = [];
  // From the Enter to the frame that shows the first word.
  await page.evaluate(() => {
    let start = 0;
    globalThis.firstWords = [];
    addEventListener('keydown', ({ key }) => { if (key === 'Enter') start = performance.now(); }, true);
    new MutationObserver(() => {
      if (!start || !document.querySelector('.turn:last-child .answer')?.textContent) return;
      const from = start;
      start = 0;
      requestAnimationFrame(() => globalThis.firstWords.push(performance.now() - from));
    }).observe(document.querySelector('#log'), { subtree: true, childList: true, characterData: true });
  });
  for (let reply = 1; reply <= REPLIES; reply += 1) {
    await page.fill('#question', `How tall is the clock? ${reply}`);
    await page.press('#question', 'Enter');
    await page.waitForFunction(() => [...document.querySelectorAll('.turn')].at(-1).dataset.status === 'completed');
    if (reply % 100 === 0) heaps.push(await heap());
  }
  const first = await page.evaluate(() => globalThis.firstWords);
  const keys = await page.evaluate(() => new Promise((resolve) => {
    const field = document.querySelector('#question');
    const took = [];
    const type = () => {
      const start = performance.now();
      field.value += 'a';
      field.dispatchEvent(new InputEvent('input', { bubbles: true }));
      void document.body.offsetHeight; // layout included
      took.push(performance.now() - start);
      if (took.length < 200) requestAnimationFrame(type);
      else resolve(took);
    };
    type();
  }));
  console.log(`Enter to the first word on the screen: median ${Math.round(median(first))} ms of ${first.length}`);
  console.log(`a key after ${REPLIES} replies: median ${median(keys).toFixed(2)} ms, worst of ${keys.length} ${worst(keys).toFixed(2)}`);
  console.log(`JavaScript heap after each 100 replies: ${heaps.map((mib) => mib.toFixed(1)).join(', ')} MiB`);
  await end();
} finally {
  await browser.close();
  await server.stop();
}
