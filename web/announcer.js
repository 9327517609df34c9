// Speaks to screen readers in whole sentences: a live region that is fed as sentences end, because
// one that grew with every token would be read out as stammering.

const SENTENCE_END = /[。！？!?\n]|\.(?=\s)/g;
const KEPT = 12;

export class Announcer {
  #region;
  #pending = '';

  /** @param {HTMLElement} region a visually hidden element with aria-live */
  constructor(region) {
    this.#region = region;
  }

  /** Takes a piece of a reply and says the sentences that it completes. @param {string} delta @param {string} lang */
  feed(delta, lang) {
    this.#pending += delta;
    let end = 0;
    for (const match of this.#pending.matchAll(SENTENCE_END)) end = match.index + match[0].length;
    if (end === 0) return;
    this.say(this.#pending.slice(0, end), lang);
    this.#pending = this.#pending.slice(end);
  }

  /** Says what is left of a reply that has ended. @param {string} lang */
  finish(lang) {
    this.say(this.#pending, lang);
    this.#pending = '';
  }

  /** @param {string} text @param {string} lang */
  say(text, lang) {
    if (!text.trim()) return;
    const line = document.createElement('p');
    line.lang = lang;
    line.textContent = text.trim();
    this.#region.append(line);
    while (this.#region.childElementCount > KEPT) this.#region.firstElementChild.remove();
  }

  /** Drops everything, said or not. */
  clear() {
    this.#pending = '';
    this.#region.replaceChildren();
  }
}
