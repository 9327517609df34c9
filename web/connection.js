// All in milliseconds; PATIENCE is for a pong and for a new connection.
const [FIRST_DELAY, LONGEST_DELAY, OVERLOADED_DELAY] = [500, 15_000, 5_000];
const STEADY = 5_000; // a socket that lived as long clears the failures before it
const [PING_EVERY, PATIENCE] = [20_000, 10_000]

/** Close codes after which only `connect()` goes on. */
const FINAL = { 1000: 'ended', 1008: 'refused', 4003: 'replaced' };

export class Connection {
	state = 'connecting'; // `open`, `waiting` (lost, and coming back by itself), or one of FINAL
	lastError = ''; // the last `error` frame's code explains a refusal that follows it
	#socket = null;
	#openedAt = Infinity;
	#heardAt = 0;
	#failures = 0;
	#retryAfter = 0;

	constructor(identity, token, onFrame, onState) {
		Object.assign(this, { identity, token, onFrame, onState });
		addEventListener('online', () => this.#hurry());
		addEventListener('offline', () => this.state === 'open' && this.#lost(1006));
		document.addEventListener('visibilitychange', () => document.hidden || this.#hurry());
	}

	connect() {
		this.#drop();
		if (this.state !== 'waiting') this.#enter('connecting');
		this.#retryAfter = 0;
		this.lastError = '';
		const url = new URL('ws', location.origin.replace('http', 'ws') + location.pathname);
		if (this.identity) {
			const { sessionId, resumeToken, seq } = this.identity;
			url.search = new URLSearchParams({ session_id: sessionId, resume: resumeToken, last_seq: seq });
		}
		// A browser can't set headers here.
		const socket = this.#socket = new WebSocket(url, ['rapport.v1.json', ...(this.token ? [`rapport-token.${this.token}`] : [])]);
		// One that was let go of may still speak.
		socket.onmessage = ({ data }) => this.#socket === socket && this.#receive(JSON.parse(data));
		socket.onclose = ({ code }) => this.#socket === socket && this.#lost(code);
		this.timer = setTimeout(() => this.#lost(1006), PATIENCE);
	}

	send(frame) {
		if (this.state !== 'open') return false;
		this.#socket.send(frame instanceof ArrayBuffer ? frame : JSON.stringify(frame));
		return true;
	}

	#receive(frame) {
		this.#heardAt = performance.now();
		if (frame.type === 'session') return this.#welcome(frame);
		if (frame.type === 'closing') this.#retryAfter = frame.retry_after_ms;
		if (frame.type === 'error') this.lastError = frame.code;
		if (this.#isNew(frame)) this.onFrame(frame);
	}

	#welcome(frame) {
		const before = this.identity;
		const seq = frame.resumed && before ? before.seq : frame.last_seq;
		this.identity = { sessionId: frame.session_id, resumeToken: frame.resume_token, epoch: frame.epoch, seq };
		if (this.state !== 'open') {
			clearTimeout(this.timer);
			this.#openedAt = performance.now();
			this.pinging = setInterval(() => this.#probe(), PING_EVERY);
			this.#enter('open');
		}
		this.onFrame({ ...frame, before });
	}

	/** Drops what was seen, but for a turn's ends: a message that is sent again brings them again. */
	#isNew({ type, seq, restarted }) {
		if (!this.identity || seq === undefined) return true;
		if (seq <= this.identity.seq) return type === 'turn_done' || (type === 'turn_started' && !restarted);
		this.identity.seq = seq;
		return true;
	}

	/** Asks for a sign of life: a network that went away does not close anything. */
	#probe() {
		const [asked, socket] = [performance.now(), this.#socket];
		if (!this.send({ type: 'ping' })) return;
		setTimeout(() => this.#socket === socket && this.#heardAt < asked && this.#lost(1006), PATIENCE);
	}

	#hurry() {
		if (this.state === 'waiting') this.connect();
		else this.#probe();
	}

	#lost(code) {
		this.#drop();
		if (FINAL[code]) return this.#enter(FINAL[code]);
		if (performance.now() - this.#openedAt > STEADY) this.#failures = 0;
		this.#openedAt = Infinity;
		const backoff = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.#failures++);
		const floor = Math.max(this.#retryAfter, code === 1013 ? OVERLOADED_DELAY : 0);
		this.timer = setTimeout(() => this.connect(), floor + backoff * (0.5 + Math.random() / 2));
		this.#enter('waiting');
	}

	#drop() {
		clearTimeout(this.timer);
		clearInterval(this.pinging);
		this.#socket?.close();
		this.#socket = null;
	}

	#enter(state) {
		this.state = state;
		this.onState(state);
	}
}
