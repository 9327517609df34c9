// The official `openai` library, which speaks TLS only, against the real server behind TLS.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { startModel, startServer, startTls, tokenFile, within } from './server.mjs';

let server, model, tls;
before(async () => {
  model = await startModel();
  server = await startServer('demo', '--token-file', tokenFile, ...model.flags);
  tls = await startTls(server.port);
});
after(async () => {
  tls?.stop();
  await server?.stop();
  model?.stop();
});

async function connect() {
  const client = new OpenAI({ apiKey: 'secret', baseURL: `https://localhost:${tls.port}/v1` });
  const realtime = new OpenAIRealtimeWS({ model: 'gpt-realtime', options: { ca: tls.ca } }, client);
  const created = await next(realtime, 'session.created');
  assert.equal(created.session.model, 'gpt-realtime');
  return realtime;
}

const next = (emitter, name) => within(new Promise((resolve) => { emitter.once(name, resolve); }), name);

function ask(realtime, text) {
  const content = [{ type: 'input_text', text }];
  realtime.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } });
  realtime.send({ type: 'response.create' });
}

test('asks, streams, and keeps the history, in English and Chinese', async () => {
  const realtime = await connect();
  const updated = next(realtime, 'session.updated');
  realtime.send({ type: 'session.update', session: { type: 'realtime', instructions: 'Mention the canary.', output_modalities: ['audio'] } });
  assert.deepEqual((await updated).session.output_modalities, ['text']);
  for (const question of ['How tall is the clock?', '大鐘有多高？']) {
    const order = [];
    let streamed = '';
    const note = ({ type }) => { if (order.at(-1) !== type) order.push(type); };
    const hear = ({ delta }) => { streamed += delta; };
    realtime.on('event', note);
    realtime.on('response.output_text.delta', hear);
    const limits = next(realtime, 'rate_limits.updated');
    const done = next(realtime, 'response.done');
    ask(realtime, question);
    const { response } = await done;
    const [limit] = (await limits).rate_limits;
    assert.ok(limit.name === 'requests' && limit.limit === 30 && limit.remaining < 30 && limit.reset_seconds > 0);
    realtime.off('event', note);
    realtime.off('response.output_text.delta', hear);
    assert.equal(response.status, 'completed');
    assert.equal(response.output[0].content[0].text, streamed);
    assert.ok(response.usage.total_tokens > 0);
    const place = (type) => { assert.ok(order.includes(type), `${type}: ${order}`); return order.indexOf(type); };
    assert.ok(place('response.created') < place('response.output_text.delta'));
    assert.ok(place('response.output_text.done') < place('response.done'));
  }
  assert.ok(model.prompts.some((prompt) => prompt.includes('canary') && /clock\?[^]*metres tall[^]*大鐘有多高/.test(prompt)));
  realtime.close();
});

test('a cancelled response sends every end; an error names the event', async () => {
  const realtime = await connect();
  const first = next(realtime, 'response.output_text.delta');
  ask(realtime, 'How tall is the clock? Say it slowly.');
  const { response_id } = await first;
  const ends = ['response.output_text.done', 'response.content_part.done', 'response.output_item.done', 'response.done'];
  const all = Promise.all(ends.map((name) => next(realtime, name)));
  realtime.send({ type: 'response.cancel', response_id });
  const [, , { item }, { response }] = await all;
  assert.equal(item.status, 'incomplete');
  assert.equal(response.status, 'cancelled');
  assert.equal(response.status_details.reason, 'client_cancelled');
  const failed = next(realtime, 'error');
  realtime.send({ type: 'response.cancel', event_id: 'late' });
  const error = await failed;
  assert.equal(error.error.code, 'response_cancel_not_active');
  assert.equal(error.error.event_id, 'late');
  realtime.close();
});
