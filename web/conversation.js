import { button, fill, h, icon } from './dom.js';
import { errorWords, language, languageOf, number, t, wordsFor } from './i18n.js';
import { endOf, verdict, waterfall } from './waterfall.js';

const NEAR_END = 64; // CSS pixels
const ASKED_AGAIN = ['lost', 'refused', 'failed', 'timed_out'];

export class Conversation {
	#views = new Map();
	/** Whether the view follows the text; a visitor who scrolls back is left alone. */
	#follows = true;
	#top = 0;

	constructor(log, scroller, actions) {
		Object.assign(this, { log, scroller, actions });
		scroller.onscroll = () => {
			const { scrollTop } = scroller;
			const left = scroller.scrollHeight - scrollTop - scroller.clientHeight;
			if (scrollTop < this.#top) this.#follows = left < 2;
			else if (left < NEAR_END) this.#follows = true; // else the text grew, nobody scrolled
			this.#top = scrollTop;
		};
		new ResizeObserver(() => this.#keepUp()).observe(scroller);
	}

	show(turn, delta) {
		let view = this.#views.get(turn);
		if (!view) {
			view = new TurnView(turn, this.actions);
			this.#views.set(turn, view);
			this.#placeOf(turn).append(view.root);
		}
		if (delta) view.append(delta);
		else if (turn.group && turn.report) this.#redraw(turn.group);
		else view.update();
		this.#keepUp();
	}

	#placeOf({ group }) {
		const last = this.log.lastElementChild;
		if (!group) return this.log;
		if (last?.dataset.group === group) return last;
		const place = h('div.compare');
		place.dataset.group = group;
		this.log.append(place);
		return place;
	}

	#redraw(group) {
		const views = [...this.#views].filter(([turn]) => turn.group === group);
		const until = Math.max(...views.map(([{ report }]) => (report ? endOf(report) : 0)));
		for (const [, view] of views) view.update(until);
	}

	remove(turn) {
		this.#views.get(turn)?.root.remove();
		this.#views.delete(turn);
		this.log.querySelector('.compare:empty')?.remove();
	}

	clear() {
		this.#views.clear();
		this.log.replaceChildren();
	}

	relabel() {
		for (const view of this.#views.values()) view.update();
	}

	toEnd() {
		this.#follows = true;
		this.#keepUp();
	}

	#keepUp() {
		if (this.#follows) this.scroller.scrollTop = this.scroller.scrollHeight;
	}
}

class TurnView {
	#asked = h('h2.hidden');
	#answered = h('h2');
	#persona = h('summary');
	#reasons = h('div');
	#tone = h('details.tone', this.#persona, this.#reasons);
	#answer = h('p.answer');
	#thinking = h('p.thinking');
	#note = h('p.note');
	#sources = h('ul.sources');
	#times = h('summary');
	#drawn = h('div');
	#timeline = h('details.timeline', this.#times, this.#drawn);
	#until = 0;

	constructor(turn, actions) {
		Object.assign(this, { turn, actions });
		const question = h('p.question', turn.question);
		question.lang = this.#answer.lang = languageOf(turn.question);
		this.edit = button('quiet', '', () => actions.edit(turn.question));
		this.again = button('again', '', () => actions.ask(turn.question));
		this.copy = button('quiet', '', async () => {
			await navigator.clipboard.writeText(turn.text);
			this.copy.textContent = t('copied');
		});
		this.#timeline.open = Boolean(turn.group);
		this.#timeline.ontoggle = () => this.#draw();
		this.root = h('article.turn', this.#asked, h('div.asked', this.edit, question),
			h('div.reply', this.#answered, this.#tone, this.#thinking, this.#answer, this.#note, this.again, this.#sources,
				h('div.foot', this.copy, this.#timeline)));
	}

	append(delta) {
		this.#thinking.hidden = true;
		this.#answer.append(delta);
	}

	update(until = this.#until) {
		const { status, sent, text, group, strategy, report } = this.turn;
		const isComing = status === 'waiting' || status === 'running';
		this.#until = until;
		this.root.dataset.status = status;
		this.#asked.textContent = t('you');
		this.#answered.textContent = t(group ? `strategy.${strategy}` : 'guide');
		this.#answered.className = group ? '' : 'hidden';
		if (this.#answer.textContent !== text) this.#answer.textContent = text;
		fill(this.#thinking, isComing && !text && t(status === 'running' || sent || group ? 'thinking' : 'queued'));
		fill(this.#note, noteOf(this.turn));
		fill(this.edit, t('edit'));
		fill(this.again, ASKED_AGAIN.includes(status) && t('askAgain'));
		fill(this.copy, !isComing && text && navigator.clipboard && t('copy'));
		this.#showTone();
		this.#timeline.hidden = !report;
		this.#sources.hidden = !report?.sources.length;
		if (!report) return;
		this.#sources.ariaLabel = t('sources');
		this.#sources.replaceChildren(...report.sources.slice(0, 3).map(({ title, file, score }) =>
			h('li', h('b', title), h('span', `${file} · ${score.toFixed(2)}`))));
		const times = ['first_token', 'total'].filter((name) => report.timings_ms[name] !== null);
		this.#times.textContent = times.map((name) => t(`time.${name}`, { ms: number(report.timings_ms[name]) })).join(' · ');
		this.#draw();
	}

	#draw() {
		const { report, tone, strategy = this.actions.strategy(), group } = this.turn;
		this.#drawn.replaceChildren();
		if (!this.#timeline.open || !report) return;
		const lines = verdict(report, tone?.outcome, strategy).filter(Boolean);
		this.#drawn.append(waterfall(report, Math.max(this.#until, endOf(report))), ...lines.map((line) => h('p', line)));
		if (!group) this.#drawn.append(button('compare-all', t('compare'), () => this.actions.compare(this.turn)));
	}

	#showTone() {
		const { tone, report } = this.turn;
		this.#tone.hidden = !tone || (report?.degraded.includes('convert') ?? false);
		if (!tone) return;
		const name = this.root.dataset.tone = tone.tone.replace('_friendly', '');
		const reason = tone.because.length
			? t('because', { words: tone.because.join(language() === 'en' ? ', ' : '、') })
			: wordsFor(`chosen.${tone.selected_by}`);
		const why = [reason, tone.seen && t('camera.saw', { text: tone.seen })];
		const chip = h('span.chip', t('tone', { tone: wordsFor(`tone.${name}`, name) }));
		this.#persona.replaceChildren(icon(name), h('b', wordsFor(`persona.${name}`, name)), chip);
		this.#reasons.replaceChildren(...why.filter(Boolean).map((line) => h('p', line)));
	}
}

function noteOf({ status, error, report }) {
	const words = [wordsFor(`status.${status}`)];
	if (error && status !== 'completed') words.push(errorWords(error));
	for (const stage of report?.degraded ?? []) words.push(wordsFor(`degraded.${stage}`));
	if (report?.facts_missing?.length) words.push(t('facts', { facts: report.facts_missing.join(' · ') }));
	return words.filter(Boolean).join(' ');
}
