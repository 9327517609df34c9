// Draws the transcript. Text from the server enters the document as text nodes, never as markup.

import { errorWords, language, languageOf, number, t, wordsFor } from './i18n.js';

/** @typedef {import('./transcript.js').Turn} Turn */

/** How close to its end, in CSS pixels, the view counts as being there. */
const NEAR_END = 64;
const ASKED_AGAIN = ['lost', 'refused', 'failed', 'timed_out'];

export class Conversation {
  #log;
  #scroller;
  #onAskAgain;
  /** @type {Map<Turn, TurnView>} */ #views = new Map();
  /** Whether the view follows the text; a visitor who scrolls back is left alone. */
  #follows = true;

  /** @param {HTMLElement} log @param {HTMLElement} scroller @param {(question: string) => void} onAskAgain */
  constructor(log, scroller, onAskAgain) {
    this.#log = log;
    this.#scroller = scroller;
    this.#onAskAgain = onAskAgain;
    scroller.addEventListener('scroll', () => {
      this.#follows = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_END;
    });
    new ResizeObserver(() => this.#keepUp()).observe(scroller);
  }

  /** Shows a turn, or what has changed of it. @param {Turn} turn @param {string} [delta] text to append */
  show(turn, delta) {
    let view = this.#views.get(turn);
    if (!view) {
      view = new TurnView(turn, this.#onAskAgain);
      this.#views.set(turn, view);
      this.#log.append(view.root);
    }
    if (delta) view.append(delta);
    else view.update();
    this.#keepUp();
  }

  /** @param {Turn} turn */
  remove(turn) {
    this.#views.get(turn)?.root.remove();
    this.#views.delete(turn);
  }

  clear() {
    this.#views.clear();
    this.#log.replaceChildren();
  }

  /** Puts every label into the current language. */
  relabel() {
    for (const view of this.#views.values()) view.update();
  }

  toEnd() {
    this.#follows = true;
    this.#keepUp();
  }

  #keepUp() {
    if (this.#follows) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }
}

/** One question with its reply. */
class TurnView {
  root = element('article', 'turn');
  #turn;
  #asked = element('h2', 'hidden');
  #answered = element('h2', 'hidden');
  #answer = element('p', 'answer');
  #thinking = element('p', 'thinking');
  #note = element('p', 'note');
  #again = element('button', 'again');
  #meta = element('div', 'meta');
  #tone = element('details', 'tone');
  #chip = element('summary', 'chip');
  #why = element('div', 'why');
  #outcome = element('span', 'outcome');
  #sources = element('p', 'sources');
  #timings = element('p', 'timings');

  /** @param {Turn} turn @param {(question: string) => void} onAskAgain */
  constructor(turn, onAskAgain) {
    this.#turn = turn;
    const question = element('p', 'question');
    question.textContent = turn.question;
    question.lang = this.#answer.lang = languageOf(turn.question);
    this.#again.addEventListener('click', () => onAskAgain(turn.question));
    this.#tone.append(this.#chip, this.#why);
    this.#meta.append(this.#tone, this.#outcome);
    const reply = element('div', 'reply');
    reply.append(
      this.#answered, this.#thinking, this.#answer, this.#note, this.#again, this.#meta, this.#sources, this.#timings,
    );
    this.root.append(this.#asked, question, reply);
  }

  /** @param {string} delta */
  append(delta) {
    this.#thinking.hidden = true;
    this.#answer.append(delta);
  }

  /** Draws everything that differs, in the current language. */
  update() {
    const turn = this.#turn;
    const isComing = turn.status === 'waiting' || turn.status === 'running';
    this.root.dataset.status = turn.status;
    this.#asked.textContent = t('you');
    this.#answered.textContent = t('guide');
    if (this.#answer.textContent !== turn.text) this.#answer.textContent = turn.text;
    fill(this.#thinking, isComing && !turn.text && t(turn.status === 'waiting' && !turn.sent ? 'queued' : 'thinking'));
    fill(this.#note, noteOf(turn));
    fill(this.#again, ASKED_AGAIN.includes(turn.status) && t('askAgain'));
    fill(this.#sources, turn.report?.sources.length && t('sources', { sources: turn.report.sources.slice(0, 3).map(named).join(' · ') }));
    fill(this.#timings, turn.report && timingsOf(turn.report.timings));
    this.#showTone();
  }

  #showTone() {
    const { tone, report } = this.#turn;
    this.#meta.hidden = !tone || (report?.degraded.includes('convert') ?? false);
    if (!tone) return;
    const name = tone.tone.replace('_friendly', '');
    this.#tone.dataset.tone = name;
    this.#chip.replaceChildren(icon(name), t('tone', { tone: wordsFor(`tone.${name}`, name) }));
    this.#outcome.textContent = wordsFor(`outcome.${tone.outcome}`, tone.outcome);
    const reason = tone.because.length
      ? t('because', { words: tone.because.join(language() === 'en' ? ', ' : '、') })
      : wordsFor(`chosen.${tone.selectedBy}`, '');
    this.#chip.title = reason;
    this.#why.replaceChildren();
    for (const words of [reason, tone.seen && t('camera.saw', { text: tone.seen })]) {
      const line = element('p');
      fill(line, words);
      this.#why.append(line);
    }
  }
}

/** How a turn ended and what it had to do without, in a visitor's words. @param {Turn} turn */
function noteOf({ status, error, report }) {
  const words = [wordsFor(`status.${status}`, '')];
  if (error && status !== 'completed') words.push(errorWords(error));
  for (const stage of report?.degraded ?? []) words.push(wordsFor(`degraded.${stage}`, ''));
  if (report?.factsMissing.length) words.push(t('facts', { facts: report.factsMissing.join(' · ') }));
  return words.filter(Boolean).join(' ');
}

/** @param {Record<string, number | null>} timings */
function timingsOf(timings) {
  return ['first_token', 'total', 'description']
    .filter((name) => timings[name] !== null)
    .map((name) => t(`time.${name}`, { ms: number(timings[name]) }))
    .join(' · ');
}

/** Shows words, or nothing where there are none. @param {HTMLElement} node @param {string | false | 0 | undefined} words */
function fill(node, words) {
  node.textContent = words || '';
  node.hidden = !words;
}

/**
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name @param {string} [classes] @returns {HTMLElementTagNameMap[Name]}
 */
function element(name, classes = '') {
  const node = document.createElement(name);
  node.className = classes;
  return node;
}

/** One of the symbols in index.html. @param {string} name */
function icon(name) {
  const [svg, use] = ['svg', 'use'].map((tag) => document.createElementNS('http://www.w3.org/2000/svg', tag));
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** @param {import('./transcript.js').Source} source */
function named({ title, file, score }) {
  return `${title} (${file}, ${score.toFixed(2)})`;
}
