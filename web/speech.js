import { h } from './dom.js';
import { language, languageOf } from './i18n.js';

const SENTENCE_END = /[。！？!?\n]|\.(?=\s)/g;
const KEPT = 12; // lines in the live region
const tagOf = (lang) => (lang === 'en' ? 'en-US' : 'zh-TW');

/** Cuts a growing text into sentences: word by word it would be stammering. */
class Sentences {
	#pending = '';

	feed(delta) {
		this.#pending += delta;
		let end = 0;
		for (const match of this.#pending.matchAll(SENTENCE_END)) end = match.index + match[0].length;
		this.say(this.#pending.slice(0, end));
		this.#pending = this.#pending.slice(end);
	}

	finish() {
		this.say(this.#pending);
		this.#pending = '';
	}

	clear() {
		this.#pending = '';
	}

	say(text) {
		if (text.trim()) this.utter(text.trim(), languageOf(text));
	}
}

export class Announcer extends Sentences {
	constructor(region) {
		super();
		this.region = region;
	}

	utter(text, lang) {
		this.region.append(Object.assign(h('p', text), { lang }));
		while (this.region.childElementCount > KEPT) this.region.firstElementChild.remove();
	}

	clear() {
		super.clear();
		this.region.replaceChildren();
	}
}

export class Reader extends Sentences {
	static isPossible = 'speechSynthesis' in globalThis;
	isOn = false;

	get isSpeaking() {
		return Reader.isPossible && (speechSynthesis.speaking || speechSynthesis.pending);
	}

	utter(text, lang) {
		if (!this.isOn) return;
		const utterance = new SpeechSynthesisUtterance(text);
		utterance.lang = tagOf(lang);
		speechSynthesis.speak(utterance);
	}

	clear() {
		super.clear();
		if (Reader.isPossible) speechSynthesis.cancel();
	}
}

const Recognition = globalThis.SpeechRecognition ?? globalThis.webkitSpeechRecognition;

export class Microphone {
	static isPossible = Boolean(Recognition);
	#recognition = null;

	constructor(onWords, onState) {
		Object.assign(this, { onWords, onState });
	}

	get isListening() {
		return this.#recognition !== null;
	}

	toggle() {
		if (this.isListening) return this.stop();
		const recognition = this.#recognition = new Recognition();
		Object.assign(recognition, {
			lang: tagOf(language()),
			interimResults: true,
			onresult: ({ results }) => {
				const all = [...results];
				if (recognition === this.#recognition) this.onWords(all.map(([best]) => best.transcript).join(''), all.every((it) => it.isFinal));
			},
			onerror: ({ error }) => this.#end(recognition, error),
			onend: () => this.#end(recognition),
		});
		recognition.start();
		return this.onState(true);
	}

	stop() {
		this.#recognition?.abort();
		this.#end(this.#recognition);
	}

	#end(recognition, error) {
		if (!recognition || recognition !== this.#recognition) return;
		this.#recognition = null;
		this.onState(false, error);
	}
}
