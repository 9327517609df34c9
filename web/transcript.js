// What was asked and answered: plain data, changed by frames. Nothing here touches the document.

/**
 * `waiting`: the server has not taken it yet. `running`: a reply is coming. `lost`: its reply was cut off
 * with the connection. `refused`: the server did not take it. The others are the wire's own.
 * @typedef {'waiting' | 'running' | 'lost' | 'refused' | 'completed' | 'interrupted' | 'cancelled' | 'failed' | 'timed_out'} Status
 */

/**
 * @typedef {object} Turn
 * @property {string} id ours, made with the question
 * @property {string | null} turnId the server's
 * @property {boolean} sent whether the present connection has carried the question
 * @property {string} question
 * @property {string} text the reply so far
 * @property {Status} status
 * @property {{ tone: string, outcome: string, selectedBy: string, because: string[], seen?: string }} [tone]
 * @property {{ code: string, message: string }} [error]
 * @property {{ sources: Source[], degraded: string[], factsMissing: string[], timings: Record<string, number | null> }} [report]
 */

/** @typedef {{ title: string, file: string, score: number }} Source */

/** @typedef {{ text: string, source: string }} Description */

const KEPT_TURNS = 40;

/** Statuses that frames can still change. */
const OPEN = ['waiting', 'running', 'lost'];

export class Transcript {
  /** @type {Turn[]} */ turns;
  /** What the camera saw last; null if it never said. @type {Description | null} */ description;

  /** @param {{ turns: Turn[], description: Description | null }} [kept] from an earlier life of this tab */
  constructor({ turns, description } = { turns: [], description: null }) {
    this.turns = turns;
    this.description = description;
    this.unsend();
  }

  clear() {
    this.turns = [];
    this.description = null;
  }

  /** @param {string} question @returns {Turn} */
  ask(question) {
    /** @type {Turn} */
    const turn = { id: newId(), turnId: null, sent: false, question, text: '', status: 'waiting' };
    this.turns.push(turn);
    return turn;
  }

  /** Takes out the oldest turns beyond what is kept. @returns {Turn[]} */
  trim() {
    return this.turns.splice(0, Math.max(0, this.turns.length - KEPT_TURNS));
  }

  /** The turn that the server works on, as far as the page knows. */
  active() {
    return this.turns.find(({ status, sent }) => status === 'running' || (status === 'waiting' && sent));
  }

  /** Questions that the present connection has not carried, oldest first. */
  unsent() {
    return this.turns.filter(({ status, sent }) => status === 'waiting' && !sent);
  }

  /** The connection is gone: what it carried and nobody took has to be carried again. */
  unsend() {
    for (const turn of this.turns) if (turn.status === 'waiting') turn.sent = false;
  }

  /**
   * The session did not simply go on, so what ran counts as lost until frames say otherwise.
   * @param {boolean} isOther whether it is another session, whose turn ids mean other turns
   * @returns {Turn[]} what was running
   */
  cutOff(isOther) {
    const running = this.turns.filter(({ status }) => status === 'running');
    for (const turn of running) turn.status = 'lost';
    if (isOther) for (const turn of this.turns) turn.turnId = null;
    return running;
  }

  /** A turn goes on after all, from the text that it has by now. @param {{ turn_id: string, text: string } | null} [snapshot] */
  restore(snapshot) {
    const turn = snapshot && this.turns.find(({ turnId }) => turnId === snapshot.turn_id);
    if (turn) Object.assign(turn, { status: 'running', text: snapshot.text });
  }

  /**
   * Takes in a frame. Types that it does not know are a newer server's, and change nothing.
   * @param {Record<string, any>} frame
   * @returns {{ turn: Turn, delta?: string } | undefined} what changed of which turn on show
   */
  apply(frame) {
    if (frame.type === 'description') this.description = { text: frame.text, source: frame.source };
    if (frame.type === 'error' && !frame.turn_id) return this.#refuse(frame);
    const isFor = (turn) => (frame.type === 'turn_started' && turn.id === frame.id) || turn.turnId === frame.turn_id;
    const turn = frame.turn_id && this.turns.find((each) => OPEN.includes(each.status) && isFor(each));
    if (!turn) return undefined;
    switch (frame.type) {
      case 'turn_started':
        turn.turnId = frame.turn_id;
        turn.status = 'running';
        if (frame.restarted) turn.text = '';
        break;
      case 'tone': {
        const seen = frame.outcome === 'fallback' ? '' : this.description?.text;
        turn.tone = { tone: frame.tone, outcome: frame.outcome, selectedBy: frame.selected_by, because: frame.because, seen };
        break;
      }
      case 'token':
        turn.status = 'running';
        turn.text += frame.text;
        return { turn, delta: frame.text };
      case 'turn_done':
        turn.status = frame.status;
        turn.text = frame.text;
        turn.report = {
          sources: frame.sources,
          degraded: frame.degraded,
          factsMissing: frame.facts_missing ?? [],
          timings: frame.timings_ms,
        };
        break;
      case 'error':
        turn.error = { code: frame.code, message: frame.message };
        break;
      default:
        return undefined;
    }
    return { turn };
  }

  /**
   * An error without a turn refuses a message. Messages are taken in order: it is the oldest that was sent
   * and not taken yet.
   * @param {Record<string, any>} frame
   */
  #refuse({ code, message, id }) {
    const turn = this.turns.find((each) => each.status === 'waiting' && each.sent && (!id || each.id === id));
    if (!turn) return undefined;
    turn.status = 'refused';
    turn.error = { code, message };
    return { turn };
  }
}

/** A random UUID; `crypto.randomUUID` is missing where a kiosk loads the page over plain HTTP. */
function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const hex = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
