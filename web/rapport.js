// To be copied: docs/client.md.

// In ms: the backoff's; a socket's age that clears it and 1013's wait; a connection's.
const [FIRST, LONGEST, STEADY, PATIENCE] = [500, 15_000, 5_000, 10_000];

/** After these closes only `connect()` goes on. @type {any} */
const FINAL = { 1000: 'ended', 1008: 'refused', 4003: 'replaced' };
const FAULTS = [1002, 1007, 1009];
const AGAIN = { status: 'waiting', sent: false };

/** Await its end, iterate for its text. */
export class Turn {
	text = '';
	status = 'waiting'; // `running`, `turn_done`'s, `refused`, `lost`
	sent = false; // by this connection
	turnId = '';
	/** @type {any} */ tone;
	/** @type {any} */ error;
	/** @type {any} */ report;
	#more;

	/** @param {Rapport} rapport @param {any} message */
	constructor(rapport, message) {
		this.message = message;
		this.#more = () => rapport.turns.includes(this)
			&& new Promise((go) => rapport.addEventListener('turn', go, { once: true }));
	}

	/** @param {(end: any) => any} resolve */
	async then(resolve) {
		while (await this.#more());
		return resolve({ ...this, ...this.report });
	}

	/** An empty piece voids those before. */
	async *[Symbol.asyncIterator]() {
		let told = '';
		do {
			while (told !== this.text) {
				const { text } = this;
				yield text.startsWith(told) ? text.slice(told.length, (told = text).length) : (told = '');
			}
		} while (await this.#more());
	}
}

export class Rapport extends EventTarget {
	state = 'connecting'; // `open`, `waiting` (coming back), FINAL's
	/** Not ended. @type {Turn[]} */ turns = [];
	/** @type {any} */ identity;
	epoch = 0;
	forgetting = false; // until the new epoch
	#options;
	#failures = 0;
	#retryAfter = 0;
	#silent = 0;
	/** @type {any} */ #socket = { close() {} };
	#timer = setTimeout(() => this.connect());

	/** @param {string} url @param {{ token?: string, sessionId?: string, storage?: any }} options */
	constructor(url, options = {}) {
		super();
		this.#options = options;
		if (options.sessionId) this.identity = { session_id: options.sessionId };
		try {
			Object.assign(this, JSON.parse(options.storage.rapport), { state: this.state });
		} catch {}
		this.url = url;
		this.turns = this.turns.map((kept) => Object.assign(new Turn(this, kept.message), kept, { sent: kept.status === 'running' }));
		for (const sign of ['online', 'visibilitychange']) addEventListener(sign, () => this.state === 'waiting' && this.connect());
		addEventListener('offline', () => this.state === 'open' && this.#lost());
		addEventListener('pagehide', () => this.save());
	}

	ask(question = '', how = {}) {
		const turn = new Turn(this, { ...how, type: 'message', id: Math.random().toString(36).slice(2), text_user_msg: question });
		this.turns.push(turn);
		this.#flush();
		return turn;
	}

	cancel(turns = this.turns) {
		for (const turn of turns) {
			if (turn.sent) this.#send({ type: 'cancel', id: turn.message.id });
			if (!turn.turnId) this.#change(turn, { status: 'cancelled' });
		}
	}

	typing(refresh = false) {
		return this.#send({ type: 'typing', refresh });
	}

	image(still = new Blob()) {
		if (this.state === 'open' && !this.forgetting) this.#socket.send(still);
	}

	forget() {
		if (!this.forgetting) this.#send({ type: 'forget' });
		this.forgetting = Boolean(this.identity);
		for (const turn of this.turns) this.#change(turn, { status: 'cancelled' });
		this.save();
	}

	close() {
		this.save();
		this.#options = { token: this.#options.token };
		this.#lost(1000);
	}

	connect() {
		this.#drop();
		if (this.state !== 'waiting') this.#tell('state', this.state = 'connecting');
		this.#retryAfter = 0;
		const { token } = this.#options;
		const query = new URLSearchParams(this.identity);
		const socket = this.#socket = new WebSocket(`${this.url}?${query}`, token ? [`rapport-token.${token}`] : []);
		socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
		socket.onclose = ({ code }) => this.#lost(code);
		this.#timer = setTimeout(() => this.#lost(), PATIENCE);
	}

	save() {
		try {
			this.#options.storage.rapport = JSON.stringify(this);
		} catch {}
	}

	#send(frame = {}) {
		const isOpen = this.state === 'open';
		if (isOpen) this.#socket.send(JSON.stringify(frame));
		return isOpen;
	}

	#flush() {
		for (const turn of this.forgetting ? [] : this.turns) {
			if (!turn.message.queue || !this.turns.some(({ sent }) => sent)) turn.sent ||= this.#send(turn.message);
		}
	}

	/** @param {any} frame */
	#receive(frame) {
		const { type, seq, turn_id: turnId, id, text, status, code } = frame;
		this.#silent = 0;
		if (type === 'session') return this.#welcome(frame);
		if (type === 'closing') this.#retryAfter = frame.retry_after_ms;
		if (!seq) return;
		if (this.state !== 'open') return this.#tell('error', frame);
		const last = this.identity.last_seq;
		if ((frame.from_seq ?? seq) > last + 1) return this.#lost(); // one is missing
		if (seq > last) this.identity.last_seq = seq;
		else if (!type.startsWith('turn_')) return; // else a repeated message's
		const restarted = seq > last && frame.restarted;
		const turn = this.turns.find((each) => each.turnId === turnId || each.message.id === id);
		// What else ran is void.
		for (const other of restarted ? this.turns : []) if (other !== turn) this.#change(other, { ...AGAIN, text: '', turnId: '', tone: undefined });
		if (type === 'description' ? !this.forgetting : !turn && !turnId) this.#tell(type, frame);
		if (!turn || code === 'shutting_down') return; // sent again later
		/** @type {any} */ const changes = {
			turn_started: { turnId, status: 'running', ...((restarted || turn.turnId !== turnId) && { text: '', tone: undefined }) },
			tone: { tone: frame },
			token: { text: turn.text + text },
			turn_done: { status, text, report: frame },
			error: { error: frame, status: turnId ? turn.status : code === 'answer_gone' ? 'lost' : 'refused' },
		};
		this.#change(turn, changes[type], type === 'token' ? text : '');
	}

	/** @param {any} frame */
	#welcome(frame) {
		const { session_id, resume_token: resume, epoch, owner, resumed, snapshot } = frame;
		const isSame = this.identity?.session_id === session_id;
		const isNew = this.epoch > 0 && this.epoch !== epoch;
		const detail = { ...frame, forgotten: isSame && isNew && !this.forgetting };
		this.forgetting &&= isSame && !isNew;
		this.identity = { session_id, resume, ...(owner && { owner }), last_seq: (resumed ? this.identity : frame).last_seq };
		this.epoch = epoch;
		const begun = snapshot?.turn ?? {};
		if (this.state !== 'open') {
			clearTimeout(this.#timer);
			this.#timer = setInterval(() => {
				this.#failures = 0;
				if (++this.#silent > 4) this.#lost(); // a dead network
				else this.#send({ type: 'ping' });
			}, STEADY);
			this.#tell('state', this.state = 'open');
		}
		if (this.forgetting) this.#send({ type: 'forget' }); // it was not heard
		for (const turn of this.turns) {
			if (!isSame && turn.turnId) this.#change(turn, { status: 'lost' });
			else if (snapshot) this.#change(turn, { ...AGAIN, text: begun.turn_id === turn.turnId ? begun.text : turn.text });
		}
		this.#tell('session', detail);
		this.#flush();
		this.save();
	}

	/** @param {Turn} turn @param {any} changes */
	#change(turn, changes, delta = '') {
		Object.assign(turn, changes);
		if (!/waiting|running/.test(turn.status)) this.turns = this.turns.filter((each) => each !== turn);
		this.#tell('turn', { turn, delta });
		this.#flush();
	}

	#lost(code = 1006) {
		this.#drop();
		const backoff = Math.min(LONGEST, FIRST * 2 ** this.#failures++) * (0.5 + Math.random() / 2);
		const floor = code === 1013 ? STEADY : this.#retryAfter;
		if (!FINAL[code]) this.#timer = setTimeout(() => this.connect(), floor + backoff);
		this.#tell('state', this.state = FINAL[code] ?? 'waiting');
		for (const turn of this.turns) {
			if (code === 1000) this.#change(turn, { status: 'lost' });
			else if (turn.sent && turn.status === 'waiting') this.#change(turn, FAULTS.includes(code) ? { status: 'refused' } : AGAIN);
		}
	}

	#drop() {
		clearTimeout(this.#timer);
		Object.assign(this.#socket, { onmessage: null, onclose: null }).close();
	}

	#tell(type = '', detail = {}) {
		this.dispatchEvent(new CustomEvent(type, { detail }));
	}
}
