// Starts the real server and a real browser, and watches every page for what a visitor must never meet.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const START_DEADLINE = 20_000; // ms
const WAIT_DEADLINE = 15_000; // ms

/** @param {string[]} flags @returns {Promise<import('playwright-core').Browser>} */
export function launchBrowser(...flags) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync', ...flags,
    ],
  });
}

/** @param {string[]} args of the server */
export function startServer(...args) {
  assert.ok(process.env.RAPPORT_BIN, 'set RAPPORT_BIN to the server binary');
  return startProgram(process.env.RAPPORT_BIN, ...args);
}

/**
 * Runs a program until its first output line with an address.
 * @param {string} binary @param {string[]} args
 * @returns {Promise<{ url: string, port: string, stop: () => Promise<void> }>}
 */
export async function startProgram(binary, ...args) {
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  let output = '';
  const url = await new Promise((resolve, reject) => {
    const deadline = setTimeout(() => fail('said no address in time'), START_DEADLINE);
    const fail = (what) => {
      clearTimeout(deadline);
      child.kill('SIGKILL');
      reject(new Error(`${binary} ${args.join(' ')}: ${what}\n${output}`));
    };
    child.on('error', (error) => fail(error.message));
    child.on('exit', (code) => fail(`ended with ${code}`));
    child.stderr.on('data', (data) => { output += data; });
    child.stdout.on('data', (data) => {
      output += data;
      const address = /http:\/\/127\.0\.0\.1:\d+\/?\s/.exec(output);
      if (address) {
        clearTimeout(deadline);
        resolve(address[0].trim());
      }
    });
  });
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  return { url, port: new URL(url).port, stop };
}

/** A server with the sample museum. @param {string} [port] */
export const startDemo = (port = '0') => startServer('demo', '--listen', `127.0.0.1:${port}`);

/**
 * A server that knows one document only. Without a model it quotes the sentences as they are.
 * @param {{ title: string, content: string }} item
 * @param {{ port?: string, flags?: string[] }} [options]
 */
export async function startWithItem(item, { port = '0', flags = [] } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'rapport-page-'));
  await writeFile(join(folder, 'items.json'), JSON.stringify([item]));
  const server = await startServer('serve', '--listen', `127.0.0.1:${port}`, '--knowledge', folder, ...flags);
  return { ...server, stop: () => server.stop().finally(() => rm(folder, { recursive: true, force: true })) };
}

/**
 * A description service that keeps everybody waiting until it is released, so that a turn runs for as
 * long as a test needs it to. Its `flags` make a server wait for it.
 */
export async function startHeldCamera() {
  /** @type {(() => void)[]} */ const held = [];
  let isReleased = false;
  const service = createServer((_, response) => {
    const answer = () => response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ success: true, user_description: 'A person of about thirty in a green raincoat.' }));
    if (isReleased) answer();
    else held.push(answer);
  });
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (service.address());
  return {
    flags: ['--user-description-server', `http://127.0.0.1:${port}`, '--vlm-timeout', '60s', '--grace', '60s'],
    release: () => {
      isReleased = true;
      held.splice(0).forEach((answer) => answer());
    },
    stop: () => {
      service.close();
      service.closeAllConnections();
    },
  };
}

/**
 * Opens the page and waits for its session. The visit's `end` asserts that nothing was logged, blocked or
 * fetched from elsewhere.
 * @param {import('playwright-core').Browser} browser
 * @param {string} url
 * @param {object} [options]
 * @param {string} [options.locale]
 * @param {RegExp} [options.tolerate] console lines that this test brings about
 * @param {(page: import('playwright-core').Page) => Promise<void>} [options.prepare] before the page loads
 */
export async function visit(browser, url, { locale = 'en-GB', tolerate, prepare } = {}) {
  const context = await browser.newContext({ locale, viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_DEADLINE);
  /** @type {string[]} */ const faults = [];
  const host = new URL(url).host;
  const note = (fault) => { if (!tolerate?.test(fault)) faults.push(fault); };
  page.on('console', (line) => { if (['error', 'warning'].includes(line.type())) note(`console: ${line.text()}`); });
  page.on('pageerror', (error) => note(`uncaught: ${error.message}`));
  page.on('dialog', (dialog) => { note(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on('request', (request) => { if (new URL(request.url()).host !== host) note(`request: ${request.url()}`); });
  page.on('websocket', (socket) => { if (new URL(socket.url()).host !== host) note(`socket: ${socket.url()}`); });
  await page.exposeFunction('noteViolation', (directive) => note(`CSP: ${directive}`));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => globalThis.noteViolation(event.violatedDirective));
  });
  await prepare?.(page);
  await page.goto(url);

  const end = async () => {
    await context.close();
    assert.deepEqual(faults, []);
  };
  return { page, end, linkIs: (state) => linkIs(page, state), ask: (question) => ask(page, question) };
}

/** @param {import('playwright-core').Page} page @param {string} state */
const linkIs = (page, state) => page.waitForSelector(`html[data-link="${state}"]`);

/**
 * Asks with the keyboard; gives the turn's element.
 * @param {import('playwright-core').Page} page @param {string} question
 */
async function ask(page, question) {
  const count = await page.locator('.turn').count();
  await page.fill('#question', question);
  await page.press('#question', 'Enter');
  const turn = page.locator('.turn').nth(count);
  await turn.waitFor();
  return turn;
}

/**
 * Asks once for each of these visitors, one after the other, from a socket of its own in any page of the server.
 * @param {import('playwright-core').Page} page
 * @param {(string | undefined)[]} visitors how they are described; undefined leaves it to the camera
 */
export const askFrom = (page, visitors) => page.evaluate((visitors) => new Promise((resolve) => {
  const socket = new WebSocket(`ws://${location.host}/ws`);
  const rest = [...visitors];
  const next = () => {
    if (rest.length === 0) return resolve(socket.close());
    socket.send(JSON.stringify({ text_user_msg: 'How tall is the clock?', user_description: rest.shift() }));
  };
  socket.onopen = next;
  socket.onmessage = ({ data }) => { if (JSON.parse(data).type === 'turn_done') next(); };
}), visitors);

/** Waits until a turn is in a status. @param {import('playwright-core').Locator} turn @param {string} status */
export async function becomes(turn, status) {
  await turn.and(turn.page().locator(`[data-status="${status}"]`)).waitFor();
}

/** Takes a picture where SCREENSHOTS names a folder. @param {import('playwright-core').Page} page @param {string} name */
export async function picture(page, name) {
  const folder = process.env.SCREENSHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
