// The official Python library: realtime_python.py, in the environment that PYTHON_CLIENT is the interpreter of.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { startModel, startServer, tokenFile } from './server.mjs';

let demo, model, asked;
before(async () => {
  [demo, model] = await Promise.all([startServer('demo'), startModel()]);
  asked = await startServer('demo', '--token-file', tokenFile, ...model.flags);
});
after(async () => {
  await demo?.stop();
  await asked?.stop();
  model?.stop();
});

test('asks, streams, cancels, and hears of errors', async () => {
  const python = process.env.PYTHON_CLIENT;
  assert.ok(python, 'set PYTHON_CLIENT to a Python with requirements.txt installed');
  const script = new URL('realtime_python.py', import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(python, [script, demo.host, asked.host], { timeout: 120_000 });
  assert.equal(stdout.trim(), 'passed');
  assert.ok(model.prompts.some((prompt) => prompt.includes('canary')));
});
