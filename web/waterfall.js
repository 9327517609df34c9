// Draws a `turn_done` frame; all times are in ms from the question.

import { svg } from './dom.js';
import { language, number, t } from './i18n.js';

const ROW = 2; // em
const [LEFT, RIGHT] = [24, 84]; // where bars lie, in per cent of the width

export const endOf = ({ spans, timings_ms: { total } }) => Math.max(total, ...spans.map(({ end }) => end));

function nameOf({ stage, segment }) {
	if (stage !== 'convert') return t(`stage.${stage}`);
	return segment === 0 ? t('stage.opener') : t('stage.convert', { n: segment ?? '' });
}

export function waterfall({ spans, timings_ms: { first_token: first } }, until) {
	const from = Math.min(0, ...spans.map(({ start }) => start));
	const x = (ms) => LEFT + ((ms - from) / (until - from)) * (RIGHT - LEFT);
	const text = (at, row, words, anchor = 'start') => svg('text', { x: `${at}%`, y: `${row * ROW + 1.33}em`, 'text-anchor': anchor }, words);
	const rows = spans.map((span, row) => {
		const [left, right] = [x(span.start), Math.max(x(span.end), x(span.start) + 0.5)];
		return svg('g', { class: `of-${span.stage}` },
			text(0, row, nameOf(span)),
			svg('rect', { x: `${left}%`, y: `${row * ROW + 0.33}em`, width: `${right - left}%`, height: '1.33em', rx: 3 }),
			text(right + 1, row, number(span.end - span.start)));
	});
	const height = rows.length * ROW;
	if (first !== null) {
		const at = x(first);
		rows.push(svg('line', { x1: `${at}%`, x2: `${at}%`, y1: 0, y2: `${height + 0.33}em` }));
		rows.push(text(at, spans.length, `${t('stage.first')} ${number(first)}`, at > 75 ? 'end' : 'middle'));
	}
	const told = spans.map((span) => `${nameOf(span)} ${number(span.start)}–${number(span.end)} ms`);
	return svg('svg', { class: 'waterfall', role: 'img', 'aria-label': told.join('; '), height: `${height + ROW}em` }, ...rows);
}

/** What others would have cost: the same spans one after the other, or the description beside the answer; no opener. */
export function verdict({ spans }, outcome, strategy) {
	const took = (...stages) => spans
		.filter(({ stage, segment }) => stages.includes(stage) && segment !== 0)
		.map(({ start, end }) => end - start);
	const sum = (times) => times.reduce((all, time) => all + time, 0);
	const describe = Math.max(0, ...took('describe'));
	const [answer, rest] = [sum(took('rewrite', 'retrieve', 'answer')), sum(took('select', 'convert'))];
	const costs = { sequential: answer + describe + rest, parallel: Math.max(answer, describe) + rest };
	const list = Object.entries(costs)
		.filter(([other]) => other !== strategy)
		.map(([other, ms]) => t('cost', { strategy: t(`strategy.${other}`), ms: number(ms) }))
		.join(language() === 'en' ? ', ' : '，');
	const isRace = strategy === 'race' || strategy === 'direct';
	return [isRace && outcome && t(`won.${outcome}`), t('computed', { list })];
}
