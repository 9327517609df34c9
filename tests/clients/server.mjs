// Starts the real server, a model whose prompts a test can read, and TLS before the server.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';

const DEADLINE = 20_000; // ms

/** A file for `--token-file`: the token is `secret`. */
export const tokenFile = new URL('token.txt', import.meta.url).pathname;

/** Runs the server until it says its address. @param {string[]} args */
export async function startServer(...args) {
  const binary = process.env.RAPPORT_BIN;
  assert.ok(binary, 'set RAPPORT_BIN to the server binary');
  const child = spawn(binary, [...args, '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  let output = '';
  const address = new Promise((resolve, reject) => {
    const hear = (data) => {
      output += data;
      const found = /http:\/\/(127\.0\.0\.1:\d+)/.exec(output);
      if (found) resolve(found[1]);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', (data) => { output += data; });
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}: ${output}`)));
  });
  const host = await within(address, `an address (${output})`);
  return {
    host,
    port: Number(host.split(':')[1]),
    stop: async () => { child.kill('SIGKILL'); await exited; },
  };
}

/** A model: says three words, or, asked to speak slowly, one word after the other until nobody listens. */
export async function startModel() {
  const prompts = [];
  const service = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    if (request.method !== 'POST') return response.end('{"data":[{"id":"scripted"}]}');
    const { messages } = JSON.parse(body);
    const prompt = messages.map(({ role, content }) => `${role}: ${content}`).join('\n');
    prompts.push(prompt);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const say = (text) => response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: text } }] })}\n\n`);
    if (!messages.at(-1).content.includes('slowly')) {
      ['The clock ', 'is three ', 'metres tall.'].forEach(say);
      return response.end('data: [DONE]\n\n');
    }
    const saying = setInterval(() => say('And so it goes on. '), 20);
    response.on('close', () => clearInterval(saying));
  });
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  return {
    prompts,
    flags: ['--llm-url', `http://127.0.0.1:${service.address().port}/v1`, '--llm-model', 'scripted', '--warmup', '0s'],
    stop: () => { service.closeAllConnections(); service.close(); },
  };
}

/** TLS before a port, with a certificate made for the occasion. @param {number} port */
export async function startTls(port) {
  const folder = mkdtempSync(join(tmpdir(), 'rapport-tls-'));
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(folder, name));
  execFileSync('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1',
    '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert,
  ], { stdio: 'ignore' });
  const ca = readFileSync(cert);
  const service = createTlsServer({ key: readFileSync(key), cert: ca }, (outer) => {
    const inner = connect(port, '127.0.0.1');
    const end = () => { outer.destroy(); inner.destroy(); };
    [outer, inner].forEach((socket) => socket.on('error', end).on('close', end));
    outer.pipe(inner).pipe(outer);
  });
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  rmSync(folder, { recursive: true });
  return { ca, port: service.address().port, stop: () => service.close() };
}

/** Waits, but not for ever. @template T @param {Promise<T>} promise @param {string} what @returns {Promise<T>} */
export function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), DEADLINE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
