// The official agents SDK against the real server. It drops events whose shape it doesn't know without a word, so what
// it makes of them is looked at, not that they came.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { OpenAIRealtimeWebSocket, RealtimeAgent, RealtimeSession } from '@openai/agents-realtime';
import { startModel, startServer, tokenFile, within } from './server.mjs';

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

async function connect(server, { instructions = '', apiKey = 'secret' } = {}) {
  const transport = new OpenAIRealtimeWebSocket({ url: `ws://${server.host}/v1/realtime?model=gpt-realtime` });
  const agent = new RealtimeAgent({ name: 'Guide', instructions });
  const session = new RealtimeSession(agent, { transport, tracingDisabled: true });
  const raw = [];
  const errors = [];
  session.on('error', (error) => errors.push(error));
  transport.on('*', (event) => raw.push(event.type));
  await within(session.connect({ apiKey }), 'a connection');
  return { session, transport, raw, errors };
}

const next = (emitter, name) => within(new Promise((resolve) => { emitter.once(name, resolve); }), name);
const texts = (session) => session.history.map(({ role, status, content }) => [role, status, content[0]?.text]);

test('asks, streams, and keeps the history, in English and Chinese', async () => {
  const { session, transport, raw, errors } = await connect(demo);
  for (const [question, answer] of [['How tall is the clock?', /clock/i], ['大鐘有多高？', /鐘/]]) {
    let streamed = '';
    const hear = ({ delta }) => { streamed += delta; };
    transport.on('output_text_delta', hear);
    const done = next(transport, 'turn_done');
    session.sendMessage(question);
    const { response } = await done;
    transport.off('output_text_delta', hear);
    assert.match(streamed, answer);
    assert.equal(response.output[0].content[0].text, streamed);
    assert.ok(response.usage.inputTokens > 0 && response.usage.outputTokens > 0);
    assert.deepEqual(texts(session).at(-1), ['assistant', 'completed', streamed]);
    assert.deepEqual(texts(session).at(-2), ['user', 'completed', question]);
  }
  assert.equal(session.history.length, 4);
  assert.ok(raw.includes('x_rapport.tone') && raw.includes('session.updated'));
  assert.deepEqual(errors, []);
  session.close();
});

test('instructions and two turns reach the prompt', async () => {
  const { session, transport } = await connect(asked, { instructions: 'Mention the canary.' });
  for (const question of ['How tall is the clock?', 'And how old is it?']) {
    const done = next(transport, 'turn_done');
    session.sendMessage(question);
    await done;
  }
  const prompt = model.prompts.find((prompt) => prompt.includes('And how old is it?') && prompt.includes('canary'));
  assert.ok(prompt, model.prompts.join('\n---\n'));
  assert.match(prompt, /How tall is the clock\?[^]*three metres tall/);
  session.close();
});

test('a cancel ends the reply, and the conversation goes on', async () => {
  const { session, transport, errors } = await connect(asked);
  const first = next(transport, 'output_text_delta');
  session.sendMessage('How tall is the clock? Say it slowly.');
  await first;
  const done = next(transport, 'response.done');
  transport.sendEvent({ type: 'response.cancel' }); // the SDK's own interrupt() does nothing before it has heard audio
  const { response } = await done;
  assert.equal(response.status, 'cancelled');
  assert.equal(response.status_details.reason, 'client_cancelled');
  assert.deepEqual(texts(session).at(-1).slice(0, 2), ['assistant', 'incomplete']);
  const again = next(transport, 'turn_done');
  session.sendMessage('How tall is the clock?');
  await again;
  assert.deepEqual(errors, []);
  session.close();
});

test('an error names the event', async () => {
  const { session, transport } = await connect(demo);
  const failed = next(session, 'error');
  transport.sendEvent({ type: 'conversation.item.delete', item_id: 'nothing', event_id: 'mine' });
  const { error } = await failed;
  assert.equal(error.error.code, 'item_delete_invalid_item_id');
  assert.equal(error.error.event_id, 'mine');
  session.close();
});

test('a wrong key does not come in', async () => {
  await assert.rejects(connect(asked, { apiKey: 'wrong' }));
});
