// A server of its own for a test file: the demo, or one on a simulator's models.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const BIN = process.env.RAPPORT_BIN;
if (!BIN) throw new Error('RAPPORT_BIN says where the program is');

// Starts the program; resolves with its address once it listens.
export async function start(...flags) {
	const child = spawn(BIN, [...flags, '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'pipe'] });
	const said = [];
	const address = new Promise((resolve, reject) => {
		for (const stream of [child.stdout, child.stderr]) {
			createInterface({ input: stream }).on('line', (line) => {
				said.push(line);
				const found = /http:\/\/([0-9.:]+)\//.exec(line);
				if (found) resolve(found[1]);
			});
		}
		child.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${said.join('\n')}`)));
	});
	return {
		address: await address,
		async stop() {
			child.kill('SIGINT');
			await once(child, 'exit');
		},
	};
}

export const demo = (...flags) => start('demo', ...flags);
