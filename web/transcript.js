// A turn: `id` ours, `turnId` the server's; `sent` by this connection; `status` `waiting` (not taken yet), `running`, `lost`
// (cut off), `refused`, or the wire's; `isStopped` by the visitor; `group` it is compared in; the frames `tone` (with what
// was `seen`), `error`, `report` (`turn_done`).

const KEPT_TURNS = 40;

const OPEN = ['waiting', 'running', 'lost'];

export class Transcript {
	turns = [];
	description = null; // the camera's last

	constructor(kept) {
		Object.assign(this, kept);
		this.unsend();
	}

	ask(question, how) {
		const turn = { ...how, id: Math.random().toString(36).slice(2), sent: false, question, text: '', status: 'waiting' };
		this.turns.push(turn);
		return turn;
	}

	trim() {
		return this.turns.splice(0, Math.max(0, this.turns.length - KEPT_TURNS));
	}

	active() {
		return this.turns.find(({ status, sent }) => status === 'running' || (status === 'waiting' && sent));
	}

	unsent() {
		return this.turns.filter(({ status, sent }) => status === 'waiting' && !sent);
	}

	/** What the lost connection carried and nobody took is to be carried again. */
	unsend() {
		for (const turn of this.turns) if (turn.status === 'waiting') turn.sent = false;
	}

	/** The session did not simply go on: what ran is asked for again by its id. Another session doesn't know it. */
	cutOff(isOther) {
		const running = this.turns.filter(({ status }) => status === 'running');
		for (const turn of running) Object.assign(turn, isOther ? { status: 'lost' } : { status: 'waiting', sent: false });
		if (isOther) for (const turn of this.turns) delete turn.turnId;
		return running;
	}

	restore(snapshot) {
		const turn = snapshot && this.turns.find(({ turnId }) => turnId === snapshot.turn_id);
		if (turn) Object.assign(turn, { status: 'running', text: snapshot.text });
	}

	apply(frame) {
		const { type, turn_id: turnId, id, text } = frame;
		if (type === 'description' && frame.source !== 'client') this.description = text;
		const isFor = (turn) => (turnId
			? turn.turnId === turnId || (type === 'turn_started' && turn.id === id)
			: type === 'error' && turn.id === id); // refused before it became a turn
		const turn = this.turns.find((each) => OPEN.includes(each.status) && isFor(each));
		if (!turn) return {};
		switch (type) {
			case 'turn_started':
				if (frame.restarted || turn.turnId !== turnId) turn.text = '';
				Object.assign(turn, { turnId, status: 'running' });
				break;
			case 'tone':
				turn.tone = { ...frame, seen: { client: turn.description, fallback: '' }[frame.outcome] ?? this.description };
				break;
			case 'token':
				Object.assign(turn, { status: 'running', text: turn.text + text });
				return { turn, delta: text };
			case 'turn_done':
				Object.assign(turn, { status: frame.status, text, report: frame });
				if (frame.status === 'cancelled' && !turn.isStopped) turn.status = 'lost'; // the server stopped
				break;
			case 'error':
				turn.error = frame;
				if (!turnId) turn.status = 'refused';
				break;
			default: // a newer server's
				return {};
		}
		return { turn };
	}
}
