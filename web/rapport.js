// Rapport's client, to be copied: docs/client.md. What it does on the wire: docs/protocol.md.

/** Milliseconds: the backoff's, until a socket's age clears it, until one must have begun. */
const [FIRST, LONGEST, OVERLOADED, STEADY, PATIENCE] = [500, 15_000, 5_000, 5_000, 10_000];

/** Close codes after which only `connect()` goes on. @type {any} */
const FINAL = { 1000: 'ended', 1008: 'refused', 4003: 'replaced' };
const FAULTS = [1002, 1007, 1009]; // what was sent is not sent again

/** @typedef {{ tone?: string, lang?: string, strategy?: string, user_description?: string, queue?: boolean }} How */

/** Await it for its end, iterate over it for its text. */
export class Turn {
	text = '';
	status = 'waiting'; // `running`, `turn_done`'s, `refused`, `lost`
	isOpen = true;
	sent = false; // by this connection
	turnId = '';
	/** @type {any} */ tone;
	/** @type {any} */ error;
	/** @type {any} */ report;
	#next;

	/** @param {EventTarget} rapport @param {any} message */
	constructor(rapport, message) {
		this.message = message;
		this.#next = () => new Promise((go) => rapport.addEventListener('turn', go, { once: true }));
	}

	/** @param {(end: any) => any} resolve */
	async then(resolve) {
		while (this.isOpen) await this.#next();
		const { text, status, error, report } = this;
		resolve({ ...report, text, status, error });
	}

	/** An empty piece: what came before is void. */
	async *[Symbol.asyncIterator]() {
		for (let told = ''; this.isOpen || told !== this.text;) {
			const { text } = this;
			if (text === told) await this.#next();
			else yield text.startsWith(told) ? text.slice(told.length, (told = text).length) : (told = '');
		}
	}
}

export class Rapport extends EventTarget {
	state = 'connecting'; // `open`, `waiting` (lost, and coming back), or one of FINAL
	/** What has not ended. @type {Turn[]} */ turns = [];
	/** @type {any} */ identity;
	epoch = 0;
	forgetting = false; // until the new epoch
	#failures = 0;
	#retryAfter = 0;
	#silent = 0;
	/** @type {any} */ #running; // the snapshot's turn
	/** @type {any} */ #socket = { close() {} };
	/** @type {any} */ #timer;

	/** @param {string} url @param {{ token?: string, sessionId?: string, storage?: any }} options */
	constructor(url, options = {}) {
		super();
		this.url = url;
		this.options = options;
		try {
			Object.assign(this, JSON.parse(options.storage.rapport));
		} catch {} // nothing kept
		this.turns = this.turns.map((kept) => Object.assign(new Turn(this, kept.message), kept, { sent: kept.status === 'running' }));
		const hurry = () => this.state === 'waiting' && this.connect();
		addEventListener('online', hurry);
		addEventListener('visibilitychange', hurry);
		addEventListener('offline', () => this.state === 'open' && this.#lost(1006));
		addEventListener('pagehide', () => this.save());
		this.#timer = setTimeout(() => this.connect());
	}

	/** `queue`: once nothing runs that it would interrupt. @param {string} question @param {How} [how] */
	ask(question, how) {
		const id = Math.random().toString(36).slice(2);
		const turn = new Turn(this, { ...how, type: 'message', id, text_user_msg: question });
		this.turns.push(turn);
		this.#flush();
		return turn;
	}

	cancel(turns = this.turns) {
		for (const turn of turns) {
			if (turn.sent) this.#send({ type: 'cancel', turn_id: turn.turnId || undefined });
			if (!turn.turnId) this.#change(turn, { status: 'cancelled' });
		}
	}

	typing(refresh = false) {
		return this.#send({ type: 'typing', refresh });
	}

	/** @param {Blob | ArrayBuffer} still */
	image(still) {
		if (this.state === 'open' && !this.forgetting) this.#socket.send(still);
	}

	/** The visitor leaves. */
	forget() {
		if (!this.forgetting) this.#send({ type: 'forget' });
		this.forgetting = Boolean(this.identity);
		this.#end('cancelled');
		this.save();
	}

	close() {
		this.save();
		this.options = {}; // the storage is the next one's
		this.#lost(1000);
		this.#end('lost');
	}

	connect() {
		this.#drop();
		if (this.state !== 'waiting') this.#enter('connecting');
		this.#retryAfter = 0;
		const { token, sessionId: session_id } = this.options;
		const query = new URLSearchParams(this.identity ?? (session_id && { session_id }));
		// A browser can't set headers here.
		const protocols = ['rapport.v1.json', `rapport-token.${token}`].slice(0, token ? 2 : 1);
		const socket = this.#socket = new WebSocket(`${this.url}?${query}`, protocols);
		socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
		socket.onclose = ({ code }) => this.#lost(code);
		this.#timer = setTimeout(() => this.#lost(1006), PATIENCE);
	}

	save() {
		const { identity, epoch, forgetting, turns } = this;
		try {
			this.options.storage.rapport = JSON.stringify({ identity, epoch, forgetting, turns });
		} catch {} // full, or switched off
	}

	/** @param {any} frame */
	#send(frame) {
		if (this.state === 'open') this.#socket.send(JSON.stringify(frame));
		return this.state === 'open';
	}

	#flush() {
		for (const turn of this.forgetting ? [] : this.turns) {
			if (!turn.sent && !(turn.message.queue && this.turns.some(({ sent }) => sent))) turn.sent = this.#send(turn.message);
		}
	}

	/** @param {any} frame */
	#receive(frame) {
		const { type, seq, from_seq: first = seq, turn_id: turnId, id, text, status, code } = frame;
		this.#silent = 0;
		if (type === 'session') return this.#welcome(frame);
		if (type === 'closing') this.#retryAfter = frame.retry_after_ms;
		if (!seq) return;
		if (this.state !== 'open') return this.#tell('error', frame); // not let in
		const last = this.identity.last_seq;
		if (first > last + 1) return this.#lost(1006); // one is missing
		if (seq > last) this.identity.last_seq = seq;
		else if (!type.startsWith('turn_')) return; // those of a repeated message are old
		const restarted = seq > last && frame.restarted;
		const turn = this.turns.find((each) => each.turnId === turnId || each.message.id === id);
		// What else ran was never written down.
		for (const other of restarted ? this.turns : []) if (other !== turn) this.#again(other, { text: '', turnId: '' });
		const known = this.#running?.turn_id === turnId ? this.#running : { text: '' };
		if (type === 'token') known.text += text;
		if (type === 'description' ? !this.forgetting : !turn && !turnId) this.#tell(type, frame);
		if (!turn || code === 'shutting_down') return; // that is sent again after the close
		/** @type {any} */ const changes = {
			turn_started: { turnId, status: 'running', ...((restarted || turn.turnId !== turnId) && { text: known.text, tone: undefined }) },
			tone: { tone: frame },
			token: { text: turn.text + text },
			turn_done: { status, text, report: frame },
			error: { error: frame, status: turnId ? turn.status : code === 'answer_gone' ? 'lost' : 'refused' },
		};
		this.#change(turn, changes[type], type === 'token' ? text : '');
	}

	/** @param {any} frame */
	#welcome(frame) {
		const { session_id, resume_token: resume, epoch, resumed, snapshot } = frame;
		const isSame = this.identity?.session_id === session_id;
		const isNewEpoch = isSame && this.epoch !== epoch;
		const forgotten = isNewEpoch && !this.forgetting; // by another
		this.forgetting &&= isSame && !isNewEpoch;
		this.identity = { session_id, resume, last_seq: (resumed ? this.identity : frame).last_seq };
		this.epoch = epoch;
		this.#running = snapshot?.turn;
		if (this.state !== 'open') {
			clearTimeout(this.#timer);
			this.#timer = setInterval(() => {
				this.#failures = 0;
				if (++this.#silent > 4) this.#lost(1006); // a network that went away closes nothing
				else this.#send({ type: 'ping' });
			}, STEADY);
			this.#enter('open');
		}
		if (this.forgetting) this.#send({ type: 'forget' }); // it was not heard
		for (const turn of this.turns) {
			if (!isSame && turn.turnId) this.#change(turn, { status: 'lost' });
			else if (snapshot) this.#again(turn, this.#running?.turn_id === turn.turnId && { text: this.#running.text });
		}
		this.#tell('session', { ...frame, forgotten });
		this.#flush();
		this.save();
	}

	/** @param {Turn} turn @param {any} changes */
	#again(turn, changes) {
		this.#change(turn, { status: 'waiting', sent: false, ...changes });
	}

	/** @param {Turn} turn @param {any} changes */
	#change(turn, changes, delta = '') {
		Object.assign(turn, changes);
		turn.isOpen = /waiting|running/.test(turn.status);
		this.turns = this.turns.filter(({ isOpen }) => isOpen);
		this.#tell('turn', { turn, delta });
		this.#flush();
	}

	/** @param {string} status */
	#end(status) {
		for (const turn of this.turns) this.#change(turn, { status });
	}

	/** @param {number} code */
	#lost(code) {
		this.#drop();
		const backoff = Math.min(LONGEST, FIRST * 2 ** this.#failures++) * (0.5 + Math.random() / 2);
		const floor = code === 1013 ? OVERLOADED : this.#retryAfter;
		if (!FINAL[code]) this.#timer = setTimeout(() => this.connect(), floor + backoff);
		this.#enter(FINAL[code] ?? 'waiting');
		for (const turn of this.turns) {
			if (turn.sent && turn.status === 'waiting') this.#again(turn, FAULTS.includes(code) && { status: 'refused' });
		}
	}

	#drop() {
		clearTimeout(this.#timer); // or interval
		Object.assign(this.#socket, { onmessage: null, onclose: null }).close();
		this.#silent = 0;
	}

	/** @param {string} state */
	#enter(state) {
		this.#tell('state', this.state = state);
	}

	/** @param {string} type @param {any} detail */
	#tell(type, detail) {
		this.dispatchEvent(new CustomEvent(type, { detail }));
	}
}
