import { button, fill, h, icon } from './dom.js';
import { errorWords, language, languageOf, number, t, wordsFor } from './i18n.js';
import { kiosk } from './kiosk.js';
import { costs, reach, waterfall } from './waterfall.js';

const NEAR_END = 64; // CSS pixels
const ASKED_AGAIN = ['lost', 'refused', 'failed', 'timed_out', 'cancelled'];

export class Conversation {
	#views = new Map();
	/** A visitor who scrolls back is left alone. */
	#follows = true;
	#top = 0; // where the view was put, or scrolled to
	#place = null; // followed instead of the end

	constructor(log, scroller, newest, actions) {
		Object.assign(this, { log, scroller, newest, actions });
		scroller.onscroll = () => {
			const { scrollTop } = scroller;
			if (scrollTop === this.#top) return;
			const left = scroller.scrollHeight - scrollTop - scroller.clientHeight;
			this.#follows = newest.hidden = left < (scrollTop < this.#top ? 2 : NEAR_END);
			this.#top = scrollTop;
			this.#place = null;
		};
		newest.onclick = () => this.follow();
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
		const range = reach(views.map(([{ report }]) => report).filter(Boolean));
		for (const [, view] of views) view.update(range);
	}

	remove(turn) {
		this.#views.get(turn)?.root.remove();
		this.#views.delete(turn);
		this.log.querySelector('.compare:empty')?.remove();
	}

	clear() {
		this.#views.clear();
		this.log.replaceChildren();
		this.follow();
	}

	relabel() {
		for (const view of this.#views.values()) view.update();
	}

	/** Keeps the end in view, or the beginning of a place. */
	follow(place = null) {
		this.#place = place;
		this.#follows = this.newest.hidden = true;
		this.#keepUp();
	}

	#keepUp() {
		if (!this.#follows) return;
		if (this.#place) this.#place.scrollIntoView();
		else this.scroller.scrollTop = this.scroller.scrollHeight;
		this.#top = this.scroller.scrollTop;
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
	#timeline = h('details.timeline.staff', this.#times, this.#drawn);
	#range;

	constructor(turn, actions) {
		Object.assign(this, { turn, actions });
		const { text_user_msg: asked } = turn.message;
		const question = h('p.question', asked);
		question.lang = this.#answer.lang = languageOf(asked);
		this.edit = button('quiet', '', () => actions.edit(asked));
		this.again = button('again', '', () => actions.ask(asked));
		this.copy = button('quiet', '', async () => {
			const words = await navigator.clipboard.writeText(turn.text).then(() => 'copied', () => 'error.copy');
			actions.say(this.copy.textContent = t(words));
			setTimeout(() => { this.copy.textContent = t('copy'); }, 3_000);
		});
		this.#timeline.open = Boolean(turn.group);
		this.#timeline.ontoggle = () => {
			this.#draw();
			if (!turn.group) this.#drawn.scrollIntoView({ block: 'nearest' });
		};
		this.foot = h('div.foot', this.copy, this.#timeline);
		this.root = h('article.turn', this.#asked, h('div.asked', this.edit, question),
			h('div.reply', this.#answered, this.#tone, this.#thinking, this.#answer, this.#note, this.again, this.#sources, this.foot));
	}

	append(delta) {
		this.#thinking.hidden = true;
		this.#answer.append(delta);
	}

	update(range = this.#range) {
		const { status, sent, text, group, message, report } = this.turn;
		const isComing = status === 'waiting' || status === 'running';
		this.#range = range;
		this.root.dataset.status = status;
		this.#asked.textContent = t('you');
		this.#answered.textContent = t(group ? `strategy.${message.strategy}` : 'guide');
		this.#answered.className = group ? '' : 'hidden';
		if (this.#answer.textContent !== text) this.#answer.textContent = text;
		this.#answer.normalize(); // each token was a node
		fill(this.#thinking, isComing && !text && t(status === 'running' || sent || group ? 'thinking' : 'queued'));
		fill(this.#note, noteOf(this.turn));
		fill(this.edit, t('edit'));
		fill(this.again, ASKED_AGAIN.includes(status) && t('askAgain'));
		fill(this.copy, text && navigator.clipboard && !kiosk.isOn && t('copy'));
		this.foot.hidden = isComing || kiosk.isPublic;
		this.#showTone();
		this.#timeline.hidden = !report;
		this.#sources.hidden = status !== 'completed' || !report.sources.length;
		if (!report) return;
		this.#sources.ariaLabel = t('sources');
		const titles = new Set(report.sources.map(({ title }) => title));
		this.#sources.replaceChildren(...[...titles].slice(0, 3).map((title) => h('li', title)));
		const times = ['first_token', 'total'].filter((name) => report.timings_ms[name] !== null);
		this.#times.textContent = times.map((name) => t(`time.${name}`, { ms: number(report.timings_ms[name]) })).join(' · ');
		this.#draw();
	}

	#draw() {
		const { report, group, tone, message } = this.turn;
		const { strategy = this.actions.strategy() } = message;
		this.#drawn.replaceChildren();
		if (!this.#timeline.open || !report) return;
		const others = Object.entries(costs(report)).filter(([name]) => name !== strategy);
		const list = others.map(([name, ms]) => `${t(`strategy.${name}`)} ${number(ms)} ms`).join(', ');
		const isRace = strategy === 'race' && tone;
		this.#drawn.append(waterfall(report, this.#range ?? reach([report])),
			h('p', isRace ? t(`won.${tone.outcome}`) : ''), h('p', t('computed', { list })));
		if (group) return;
		const found = report.sources.map(({ title, file, score }) => h('p', `${title}: ${file} · ${score.toFixed(2)}`));
		this.#drawn.append(...found, button('compare-all', t('compare'), () => this.actions.compare(message)));
	}

	#showTone() {
		const { tone, report } = this.turn;
		this.#tone.hidden = !tone || (report?.degraded.includes('convert') ?? false);
		if (!tone) return;
		const name = this.root.dataset.tone = tone.tone.replace('_friendly', '');
		const reason = tone.because.length
			? t('because', { words: tone.because.join(language() === 'en' ? ', ' : '、') })
			: wordsFor(`chosen.${tone.selected_by}`);
		const why = [reason, tone.seen && t(tone.outcome === 'client' ? 'camera.client' : 'camera.sees', { text: tone.seen })];
		const chip = h('span.chip', t('tone', { tone: wordsFor(`tone.${name}`, name) }));
		this.#persona.replaceChildren(icon(name), h('b', wordsFor(`persona.${name}`, name)), chip);
		this.#reasons.replaceChildren(...why.filter(Boolean).map((line) => h('p', line)));
	}
}

function noteOf({ status, error, report }) {
	const words = [wordsFor(`status.${status}`)];
	if (error && status === 'refused') words.push(errorWords(error));
	for (const stage of report?.degraded ?? []) words.push(wordsFor(`degraded.${stage}`));
	if (report?.facts_missing?.length) words.push(t('facts', { facts: report.facts_missing.join(' · ') }));
	return words.filter(Boolean).join(' ');
}
