// The example page, and a wrong token, in a real browser.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launchBrowser, picture, startServer } from './harness.mjs';

/** @type {import('playwright-core').Browser} */ let browser;
/** @type {import('node:http').Server} */ let house;
let site = '';

// A house's own web server, with the two files that it copied.
before(async () => {
  house = createServer(async ({ url = '' }, response) => {
    const { pathname } = new URL(url, 'http://house');
    const type = { '/examples/kiosk.html': 'text/html', '/rapport.js': 'text/javascript' }[pathname];
    if (!type) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': type }).end(await readFile(new URL(`..${pathname}`, import.meta.url)));
  });
  house.listen(0, '127.0.0.1');
  await once(house, 'listening');
  site = `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (house.address()).port}`;
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  house?.close();
  house?.closeAllConnections();
});

const start = (...flags) => startServer('demo', '--listen', '127.0.0.1:0', '--allow-origin', site, ...flags);

test('the example asks, shows the tone and the answer as it comes, and survives its server', async () => {
  let server = await start();
  const page = await browser.newPage();
  const faults = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  try {
    await page.goto(`${site}/examples/kiosk.html?server=ws://127.0.0.1:${server.port}/ws`);
    const ask = async (question) => {
      await page.fill('[name=question]', question);
      await page.press('[name=question]', 'Enter');
    };
    await page.evaluate(() => {
      globalThis.lengths = new Set();
      new MutationObserver(() => globalThis.lengths.add(document.querySelector('#answer').textContent.length))
        .observe(document.querySelector('#answer'), { childList: true });
    });
    await ask('How tall is the clock?');
    await page.locator('#answer').filter({ hasText: '3.2 metres' }).waitFor();
    assert.match(await page.innerText('#tone'), /^(child|elder|professional|casual)$/);
    assert.ok(await page.evaluate(() => globalThis.lengths.size) > 1, 'the text came in one piece');
    await picture(page, 'example');

    await server.stop();
    await page.locator('#state').filter({ hasText: 'Connection lost' }).waitFor();
    await ask('Who founded the museum?');
    server = await startServer('demo', '--listen', `127.0.0.1:${server.port}`, '--allow-origin', site);
    await page.locator('#answer').filter({ hasText: 'Lin Hai-ching' }).waitFor();
    assert.equal(await page.innerText('#state'), '');
    assert.deepEqual(faults, []);
  } finally {
    await page.close();
    await server.stop();
  }
});

test('a wrong token stays away, a right one is let in', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rapport-token-'));
  await writeFile(join(folder, 'tokens'), 's3cret\n');
  const server = await start('--token-file', join(folder, 'tokens'));
  const page = await browser.newPage();
  let sockets = 0;
  page.on('websocket', () => { sockets += 1; });
  await page.clock.install();
  try {
    await page.goto(`${site}/examples/kiosk.html?server=ws://127.0.0.1:${server.port}/ws`);
    await page.locator('#state').filter({ hasText: 'refused' }).waitFor();
    sockets = 0; // the page's own was refused too
    const outcome = (token) => page.evaluate(async ([url, shown]) => {
      const { Rapport } = await import('/rapport.js');
      const rapport = new Rapport(url, { token: shown });
      return new Promise((resolve) => rapport.addEventListener('state', ({ detail }) => { if (detail !== 'connecting') resolve(detail); }));
    }, [`ws://127.0.0.1:${server.port}/ws`, token]);
    assert.equal(await outcome('wrong'), 'refused');
    await page.clock.runFor(60_000); // of the page's own time
    assert.equal(sockets, 1);
    assert.equal(await outcome('s3cret'), 'open');
  } finally {
    await page.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
