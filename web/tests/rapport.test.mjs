// rapport.js as a kiosk's developer has it: in Node, before the real server, through a network that cuts.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as undici from 'undici';
import { startDemo, startHeldCamera, startServer, startWithItem } from './harness.mjs';

globalThis.WebSocket ??= undici.WebSocket;
globalThis.addEventListener ??= () => {};
const { Rapport } = await import('../rapport.js');

const FILE = fileURLToPath(new URL('../rapport.js', import.meta.url));
const DEADLINE = 15_000; // ms
const QUESTIONS = ['How tall is the clock?', 'Who founded the museum?', '這座鐘有多高？', 'What are your opening hours?'];

/** @type {Awaited<ReturnType<typeof startDemo>>} */ let demo;

before(async () => {
  demo = await startServer('demo', '--listen', '127.0.0.1:0', '--messages-per-minute', '0', '--replay-bytes', '1000000');
});
after(() => demo?.stop());

/** A known sequence of numbers in [0, 1). @param {number} seed */
function random(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/** A network that cuts a connection behind `next()` bytes of the server's. @param {number} port @param {() => number} next */
async function startNetwork(port, next) {
  const sockets = new Set();
  const network = { cuts: 0, isDeaf: false, url: '', drop: () => sockets.forEach((socket) => socket.destroy()), stop: () => {} };
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    let left = next();
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => { sockets.delete(socket); client.destroy(); upstream.destroy(); });
    }
    client.on('data', (bytes) => { if (!network.isDeaf) upstream.write(bytes); });
    upstream.on('data', (bytes) => {
      if (bytes.length < left) {
        left -= bytes.length;
        client.write(bytes);
      } else {
        network.cuts += 1;
        client.write(bytes.subarray(0, left), () => client.destroy());
        left = Infinity;
        upstream.destroy();
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  network.url = `ws://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}/ws`;
  network.stop = () => { server.close(); network.drop(); };
  return network;
}

const urlOf = (server) => `ws://127.0.0.1:${server.port}/ws`;

/** @template T @param {Promise<T> | PromiseLike<T>} what @param {string} name @returns {Promise<T>} */
async function inTime(what, name) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`${name}: not in time`)), DEADLINE); });
  try {
    return await Promise.race([what, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The next event for which `isMeant` holds. */
const event = (rapport, type, isMeant = (_) => true) => inTime(new Promise((resolve) => {
  const look = ({ detail }) => {
    if (!isMeant(detail)) return;
    rapport.removeEventListener(type, look);
    resolve(detail);
  };
  rapport.addEventListener(type, look);
}), type);

const opened = (rapport) => (rapport.state === 'open' ? undefined : event(rapport, 'state', (state) => state === 'open'));

/** Comes back at once: the backoff has a test of its own. */
const hasten = (rapport) => rapport.addEventListener('state', ({ detail }) => {
  if (detail === 'waiting') setTimeout(() => rapport.state === 'waiting' && rapport.connect());
});

test('it is one small file that needs no other', async () => {
  const source = await readFile(FILE, 'utf8');
  assert.ok(Buffer.byteLength(source) < 8_192, `${Buffer.byteLength(source)} bytes`);
  assert.doesNotMatch(source, /\bimport\b|\brequire\b/);
});

test('its types hold', () => {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const flags = ['--allowJs', '--checkJs', '--strict', '--noEmit', '--target', 'es2022', '--lib', 'es2022,dom,dom.iterable', '--module', 'esnext'];
  try {
    execFileSync(process.execPath, [tsc, ...flags, FILE], { encoding: 'utf8' });
  } catch (error) {
    assert.fail(error.stdout);
  }
});

test('the example has at most 30 lines', async () => {
  const example = await readFile(new URL('../examples/kiosk.html', import.meta.url), 'utf8');
  assert.ok(example.trimEnd().split('\n').length <= 30);
});

for (let seed = 1; seed <= 4; seed += 1) {
  test(`every text is whole, though the network cuts 25 times (seed ${seed})`, async () => {
    const next = random(seed);
    const network = await startNetwork(Number(demo.port), () => (network.cuts < 25 ? 200 + Math.floor(next() * 9_000) : Infinity));
    const rapport = new Rapport(network.url);
    hasten(rapport);
    let withText = 0;
    rapport.addEventListener('state', ({ detail }) => { if (detail === 'waiting' && rapport.turns[0]?.text) withText += 1; });
    try {
      for (let count = 0; network.cuts < 25; count += 1) {
        assert.ok(count < 200);
        const deltas = [];
        const heard = ({ detail }) => deltas.push(detail.delta);
        rapport.addEventListener('turn', heard);
        const turn = rapport.ask(QUESTIONS[count % QUESTIONS.length]);
        const pieces = [];
        await inTime((async () => { for await (const piece of turn) pieces.push(piece); })(), `turn ${count}`);
        const { status, text } = await turn;
        rapport.removeEventListener('turn', heard);
        assert.equal(status, 'completed');
        assert.equal(text, turn.report.text);
        assert.equal(turn.text, text);
        assert.ok(!pieces.includes(''), 'something was void');
        assert.equal(pieces.join(''), text);
        assert.equal(deltas.join(''), text, 'a delta was lost or doubled');
      }
      assert.ok(withText >= 5, `only ${withText} cuts in the middle of an answer`);
    } finally {
      rapport.close();
      network.stop();
    }
  });
}

test('a forget that a cut swallowed is said again, and what is asked meanwhile is the next visitor’s', async () => {
  const network = await startNetwork(Number(demo.port), () => Infinity);
  const rapport = new Rapport(network.url);
  try {
    await opened(rapport);
    await rapport.ask('How tall is the clock?');
    const { epoch, identity } = rapport;
    network.isDeaf = true;
    rapport.forget();
    const turn = rapport.ask('Who founded the museum?');
    assert.equal(turn.sent, false);
    hasten(rapport);
    network.isDeaf = false;
    network.drop();
    assert.equal((await inTime(turn, 'the next visitor’s')).status, 'completed');
    assert.equal(rapport.identity.session_id, identity.session_id);
    assert.equal(rapport.epoch, epoch + 1);
    assert.equal(rapport.forgetting, false);
  } finally {
    rapport.close();
    network.stop();
  }
});

test('a resume that is not exact goes on from the snapshot', async () => {
  const camera = await startHeldCamera();
  const server = await startWithItem({ title: 'The lantern', content: 'The lantern was made in 1907. It weighs three tonnes.' }, { flags: camera.flags });
  const rapport = new Rapport(urlOf(server));
  try {
    await opened(rapport);
    const turn = rapport.ask('When was the lantern made?');
    await event(rapport, 'turn', () => turn.status === 'running');
    rapport.identity.last_seq += 1_000; // as if of another life of the server
    const session = event(rapport, 'session');
    rapport.connect();
    assert.equal((await session).snapshot.turn.turn_id, turn.turnId);
    camera.release();
    const { status, text } = await inTime(turn, 'the turn');
    assert.equal(status, 'completed');
    assert.match(text, /1907/);
  } finally {
    rapport.close();
    await server.stop();
    camera.stop();
  }
});

test('a reload goes on with what its storage kept', async () => {
  const storage = {};
  const camera = await startHeldCamera();
  const server = await startWithItem({ title: 'The lantern', content: 'The lantern was made in 1907.' }, { flags: camera.flags });
  const first = new Rapport(urlOf(server), { storage });
  let second;
  try {
    await opened(first);
    const turn = first.ask('When was the lantern made?');
    await event(first, 'turn', () => turn.status === 'running');
    first.close();
    assert.equal((await inTime(turn, 'the closed one')).status, 'lost');
    second = new Rapport(urlOf(server), { storage });
    assert.equal(second.turns.length, 1);
    camera.release();
    const end = await inTime(second.turns[0], 'the kept one');
    assert.equal(end.status, 'completed');
    assert.equal(second.identity.session_id, first.identity.session_id);
  } finally {
    first.close();
    second?.close();
    await server.stop();
    camera.stop();
  }
});

test('after a restart the turn that ran is lost, and what waited is answered', async () => {
  const camera = await startHeldCamera();
  const item = { title: 'The lantern', content: 'The lantern was made in 1907.' };
  let server = await startWithItem(item, { flags: camera.flags });
  const rapport = new Rapport(urlOf(server));
  try {
    await opened(rapport);
    const cut = rapport.ask('When was the lantern made?');
    await event(rapport, 'turn', () => cut.status === 'running');
    const waiting = event(rapport, 'state', (state) => state === 'waiting');
    await server.stop();
    await waiting;
    const queued = rapport.ask('What is the lantern?');
    camera.release();
    server = await startWithItem(item, { port: server.port, flags: camera.flags });
    assert.equal((await inTime(cut, 'what ran')).status, 'lost');
    assert.equal((await inTime(queued, 'what waited')).status, 'completed');
  } finally {
    rapport.close();
    await server.stop();
    camera.stop();
  }
});

test('a newer socket has the session, and the older stays away until it is told', async () => {
  const storage = {};
  const first = new Rapport(urlOf(demo), { storage });
  await opened(first);
  first.save();
  const replaced = event(first, 'state', (state) => state === 'replaced');
  const second = new Rapport(urlOf(demo), { storage: { ...storage } });
  try {
    await replaced;
    await opened(second);
    assert.equal((await inTime(second.ask('How tall is the clock?'), 'the newer')).status, 'completed');
    assert.equal(first.state, 'replaced');
    first.connect();
    await opened(first);
  } finally {
    first.close();
    second.close();
  }
});
