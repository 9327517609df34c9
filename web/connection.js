// The socket: opens on load, resumes its session, comes back by itself, and says what state it is in.
// It knows sequence numbers and close codes; what frames mean is the transcript's affair.

/**
 * What makes this tab the same visitor after a reconnect or a reload.
 * @typedef {{ sessionId: string, resumeToken: string, epoch: number, seq: number }} Identity
 * @typedef {'connecting' | 'open' | 'waiting' | 'replaced' | 'refused' | 'ended'} State
 *   `waiting`: lost, and coming back by itself. `replaced`, `refused`, `ended`: only `connect()` goes on.
 */

// All in milliseconds.
const FIRST_DELAY = 500;
const LONGEST_DELAY = 15_000;
const OVERLOADED_DELAY = 5_000;
const STEADY = 5_000; // a socket that lived as long clears the failures before it
const PING_EVERY = 20_000;
const PING_PATIENCE = 10_000;

/** Close codes after which reconnecting unasked would be wrong. @type {Record<number, State>} */
const FINAL = { 1000: 'ended', 1008: 'refused', 4003: 'replaced' };
const OVERLOADED = 1013;

export class Connection {
  /** @type {State} */ state = 'connecting';
  /** The code of the last `error` frame, which explains a refusal that follows it. */
  lastError = '';
  /** @type {WebSocket | null} */ #socket = null;
  #openedAt = Infinity;
  #heardAt = 0;
  #failures = 0;
  #retryAfter = 0;
  #retryTimer = 0;
  #pingTimer = 0;

  /**
   * @param {Identity | undefined} identity from an earlier life of this tab
   * @param {string | undefined} token an access token, if the page was opened with one
   * @param {(frame: Record<string, any>) => void} onFrame every frame that is new; `session` among them
   * @param {(state: State) => void} onState
   */
  constructor(identity, token, onFrame, onState) {
    this.identity = identity;
    this.token = token;
    this.onFrame = onFrame;
    this.onState = onState;
    addEventListener('online', () => this.#hurry());
    document.addEventListener('visibilitychange', () => document.hidden || this.#hurry());
  }

  /** Opens the socket now, whatever was planned. */
  connect() {
    this.#drop();
    if (this.state !== 'waiting') this.#enter('connecting');
    this.#retryAfter = 0;
    this.lastError = '';
    const url = new URL('ws', location.href.replace(/^http/, 'ws'));
    if (this.identity) {
      const { sessionId, resumeToken, seq } = this.identity;
      url.search = new URLSearchParams({ session_id: sessionId, resume: resumeToken, last_seq: String(seq) }).toString();
    }
    // A browser can't set headers here: the token goes as a subprotocol.
    const token = this.token ? [`rapport-token.${this.token}`] : [];
    const socket = this.#socket = new WebSocket(url, ['rapport.v1.json', ...token]);
    // A socket that was let go of may still speak; nobody listens to it any more.
    const isCurrent = () => this.#socket === socket;
    socket.addEventListener('message', (event) => isCurrent() && this.#receive(JSON.parse(event.data)));
    socket.addEventListener('close', (event) => isCurrent() && this.#lost(event.code));
  }

  /** Sends a frame; false if there is no session to send it to. @param {Record<string, any>} frame */
  send(frame) {
    if (this.state !== 'open') return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** @param {Record<string, any>} frame */
  #receive(frame) {
    this.#heardAt = Date.now();
    if (frame.type === 'session') this.#welcome(frame);
    else if (frame.type === 'closing') this.#retryAfter = frame.retry_after_ms;
    else if (this.#isNew(frame)) {
      if (frame.type === 'error') this.lastError = frame.code;
      this.onFrame(frame);
    }
  }

  /** @param {Record<string, any>} frame */
  #welcome(frame) {
    const before = this.identity;
    const seq = frame.resumed && before ? before.seq : frame.last_seq;
    this.identity = { sessionId: frame.session_id, resumeToken: frame.resume_token, epoch: frame.epoch, seq };
    if (this.state !== 'open') {
      this.#openedAt = Date.now();
      this.#pingTimer = setInterval(() => this.#probe(), PING_EVERY);
      this.#enter('open');
    }
    this.onFrame({ ...frame, before });
  }

  /**
   * Takes note of a frame's number. One that was seen is dropped, but for a turn's ends: those come again,
   * with their old numbers, for a message that is sent again.
   * @param {Record<string, any>} frame
   */
  #isNew({ type, seq, restarted }) {
    if (!this.identity || seq === undefined) return true;
    if (seq <= this.identity.seq) return type === 'turn_done' || (type === 'turn_started' && !restarted);
    this.identity.seq = seq;
    return true;
  }

  /** Asks for a sign of life: a network that went away does not close anything. */
  #probe() {
    const asked = Date.now();
    const socket = this.#socket;
    if (!this.send({ type: 'ping' })) return;
    setTimeout(() => {
      if (this.#socket === socket && this.#heardAt < asked) this.#lost(1006);
    }, PING_PATIENCE);
  }

  /** The network or the visitor is back: no reason to wait longer. */
  #hurry() {
    if (this.state === 'waiting') this.connect();
    else this.#probe();
  }

  /** @param {number} code */
  #lost(code) {
    this.#drop();
    if (FINAL[code]) return this.#enter(FINAL[code]);
    if (Date.now() - this.#openedAt > STEADY) this.#failures = 0;
    this.#openedAt = Infinity;
    const backoff = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.#failures);
    this.#failures += 1;
    const floor = Math.max(this.#retryAfter, code === OVERLOADED ? OVERLOADED_DELAY : 0);
    this.#retryTimer = setTimeout(() => this.connect(), floor + backoff * (0.5 + Math.random() / 2));
    return this.#enter('waiting');
  }

  /** Lets go of the present socket, without waiting for what it still has to say. */
  #drop() {
    clearTimeout(this.#retryTimer);
    clearInterval(this.#pingTimer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  /** @param {State} state */
  #enter(state) {
    this.state = state;
    this.onState(state);
  }
}
