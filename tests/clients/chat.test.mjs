// The AI SDK's own transport against the server.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AbstractChat, WebSocketChatTransport, readUIMessageStream } from 'ai';
import { WebSocket } from 'ws';
import { startServer } from './server.mjs';

let server;
before(async () => { server = await startServer('demo'); });
after(() => server.stop());

const open = (path = '/v1/chat/ws') => new WebSocketChatTransport({ url: `ws://${server.host}${path}`, webSocket: WebSocket });
const said = (role, text) => ({ id: `${role}-${text}`, role, parts: [{ type: 'text', text }] });
const textOf = (message) => message.parts.filter(({ type }) => type === 'text').map(({ text }) => text).join('');

function send(transport, chatId, messages, options = {}) {
	return transport.sendMessages({ chatId, messages, trigger: 'submit-message', messageId: undefined, ...options });
}

// The message that a stream makes, and each of its stages.
async function read(stream, message) {
	const stages = [];
	for await (const stage of readUIMessageStream({ stream, message, terminateOnError: true })) stages.push(structuredClone(stage));
	return { message: stages.at(-1), stages };
}

// A Chat without a framework.
class PlainChat extends AbstractChat {
	constructor({ messages = [], ...init }) {
		super({
			...init,
			state: {
				status: 'ready',
				error: undefined,
				messages,
				pushMessage(message) { this.messages = [...this.messages, message]; },
				popMessage() { this.messages = this.messages.slice(0, -1); },
				replaceMessage(index, message) { this.messages = this.messages.with(index, structuredClone(message)); },
				snapshot: (thing) => structuredClone(thing),
			},
		});
	}
}

test('a question is answered, piece by piece, with its tone and sources', async () => {
	const transport = open();
	const body = { user_description: 'A girl of about seven in a yellow raincoat' };
	const { message, stages } = await read(await send(transport, 'c1', [said('user', 'How tall is the clock?')], { body }));
	assert.match(textOf(message), /3\.2 metres/);
	assert.ok(stages.length > 5, 'it is streamed');
	const data = (name) => message.parts.find(({ type }) => type === `data-${name}`)?.data;
	assert.equal(data('tone').tone, 'child_friendly');
	assert.ok(data('timings').timings_ms.first_token > 0);
	assert.ok(message.parts.some(({ type, title }) => type === 'source-document' && title));
	transport.close();
});

test('Chinese is answered in Chinese', async () => {
	const transport = open();
	const { message } = await read(await send(transport, 'c2', [said('user', '大潮鐘有多高？')]));
	assert.match(textOf(message), /3\.2 ?公尺/);
	transport.close();
});

test('a Chat asks twice, and is understood from what was said before', async () => {
	const transport = open();
	const chat = new PlainChat({ id: 'c3', transport });
	await chat.sendMessage({ text: 'How tall is the clock?' });
	await chat.sendMessage({ text: 'When was it built?' });
	assert.equal(chat.status, 'ready', String(chat.error));
	assert.deepEqual(chat.messages.map(({ role }) => role), ['user', 'assistant', 'user', 'assistant']);
	assert.match(textOf(chat.messages[3]), /1931/);
	await chat.regenerate();
	assert.equal(chat.messages.length, 4);
	assert.match(textOf(chat.messages[3]), /1931/);
	transport.close();
});

test('a reply can be stopped', async () => {
	const transport = open();
	const stop = new AbortController();
	const stream = await send(transport, 'c4', [said('user', 'How tall is the clock?')], { abortSignal: stop.signal });
	const reader = stream.getReader();
	const first = await reader.read();
	assert.equal(first.value.type, 'start');
	stop.abort();
	while (!(await reader.read()).done);
	// The socket is of use still.
	assert.match(textOf((await read(await send(transport, 'c4', [said('user', 'How tall is the clock?')]))).message), /3\.2/);
	transport.close();
});

test('what is wrong is told', async () => {
	const transport = open();
	await assert.rejects(async () => read(await send(transport, 'c5', [said('user', 'Hi')], { body: { tone: 'pirate' } })), /pirate/);
	transport.close();
	await assert.rejects(send(open('/nowhere'), 'c5', [said('user', 'Hi')]));
});

test('a reply is resumed in place of its first part', async () => {
	const [first, second] = [open(), open()];
	assert.equal(await second.reconnectToStream({ chatId: 'c6' }), null);
	const question = said('user', 'How tall is the clock?');
	const stream = await send(first, 'c6', [question]);
	const reader = stream.getReader();
	const start = await reader.read();
	first.close();
	const again = await second.reconnectToStream({ chatId: 'c6' });
	const { message } = await read(again);
	assert.equal(message.id, start.value.messageId);
	assert.match(textOf(message), /3\.2 metres/);
	const chat = new PlainChat({ id: 'c6', transport: second, messages: [question, { id: message.id, role: 'assistant', parts: [{ type: 'text', text: 'The' }] }] });
	await chat.resumeStream();
	assert.equal(chat.messages.length, 2);
	assert.equal(textOf(chat.messages[1]), textOf(message));
	second.close();
});

test('a long conversation is sent as far as it is read', async () => {
	const prepareSendMessagesRequest = ({ messages, body }) => ({ messages: messages.slice(-11), body });
	const transport = new WebSocketChatTransport({ url: `ws://${server.host}/v1/chat/ws`, webSocket: WebSocket, prepareSendMessagesRequest });
	const long = Array.from({ length: 40 }, (_, at) => said(at % 2 ? 'assistant' : 'user', `${at} ${'x'.repeat(3000)}`));
	const { message } = await read(await send(transport, 'c-long', [...long, said('user', 'How tall is the clock?')]));
	assert.match(textOf(message), /3\.2 metres/);
});
