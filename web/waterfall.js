// Draws a `turn_done` frame; all times are in ms from the question.

import { svg } from './dom.js';
import { number, t } from './i18n.js';

const ROW = 2; // em
const [LEFT, RIGHT] = [24, 84]; // where bars lie, in per cent of the width

/** From when to when all these reports last. */
export const reach = (reports) => [
	Math.min(0, ...reports.flatMap(({ spans }) => spans.map(({ start }) => start))),
	Math.max(...reports.flatMap(({ spans, timings_ms: { total } }) => [total, ...spans.map(({ end }) => end)])),
];

function nameOf({ stage, segment, end }) {
	if (stage === 'describe' && end < 0) return t('stage.prefetch');
	if (stage !== 'convert') return t(`stage.${stage}`);
	return segment === 0 ? t('stage.opener') : t('stage.convert', { n: segment ?? '' });
}

export function waterfall({ spans, timings_ms: { first_token: first } }, [from, until]) {
	const x = (ms) => LEFT + ((ms - from) / (until - from)) * (RIGHT - LEFT);
	const text = (at, row, words, anchor = 'start') => svg('text', { x: `${at}%`, y: `${row * ROW + 1.33}em`, 'text-anchor': anchor }, words);
	const rows = spans.map((span, row) => {
		const [left, right] = [x(span.start), Math.max(x(span.end), x(span.start) + 0.5)];
		return svg('g', { class: `of-${span.stage}` },
			text(0, row, nameOf(span)),
			svg('rect', { x: `${left}%`, y: `${row * ROW + 0.33}em`, width: `${right - left}%`, height: '1.33em', rx: 3 }),
			text(right + 1, row, number(span.end - span.start)));
	});
	let end = spans.length;
	for (const [name, ms] of [['time.first_token', first], ['stage.asked', from < 0 ? 0 : null]]) {
		if (ms === null) continue;
		const at = x(ms);
		rows.push(svg('line', { class: name.replace('.', '-'), x1: `${at}%`, x2: `${at}%`, y1: 0, y2: `${spans.length * ROW}em` }));
		rows.push(text(at, end++, t(name, { ms: number(ms) }), at > 75 ? 'end' : 'middle'));
	}
	const told = spans.map((span) => `${nameOf(span)} ${number(span.start)}–${number(span.end)} ms`);
	return svg('svg', { class: 'waterfall', role: 'img', 'aria-label': told.join('; '), height: `${end * ROW}em` }, ...rows);
}

/** What others would have cost: the same spans one after the other, or the description beside the answer; no opener. */
export function costs({ spans }) {
	const sum = (...stages) => spans
		.filter(({ stage, segment }) => stages.includes(stage) && segment !== 0)
		.reduce((all, { start, end }) => all + end - start, 0);
	const { start, end } = spans.findLast(({ stage }) => stage === 'describe') ?? { start: 0, end: 0 };
	const [describe, answer, rest] = [end - start, sum('rewrite', 'retrieve', 'answer'), sum('select', 'convert')];
	return { sequential: describe + answer + rest, parallel: Math.max(describe, answer) + rest };
}
