import { number, t } from './i18n.js';

const LONGEST = 4_000; // characters, the wire's limit for a question
const COUNTED_FROM = 3_600;
const TYPING_EVERY = 3_000; // ms

export class Composer {
	#typedAt = -Infinity;

	constructor(form, counter, onAsk, onTyping) {
		const field = this.field = form.querySelector('textarea');
		this.send = form.querySelector('.send');
		this.counter = counter;
		form.onsubmit = (event) => {
			event.preventDefault();
			const question = field.value.trim();
			this.write('');
			onAsk(question);
		};
		field.onkeydown = (event) => {
			// Safari ends a composition before the Enter that ended it; only its key code still tells.
			if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
			event.preventDefault();
			this.submit();
		};
		field.oninput = () => {
			this.update();
			const now = performance.now();
			if (field.value === '' || now - this.#typedAt < TYPING_EVERY) return;
			this.#typedAt = now;
			onTyping();
		};
	}

	focus() {
		this.field.focus();
	}

	submit() {
		if (!this.send.disabled) this.field.form.requestSubmit();
	}

	write(words) {
		this.field.value = words;
		this.update();
	}

	update() {
		const length = [...this.field.value.trim()].length;
		const left = LONGEST - length;
		this.send.disabled = length === 0 || left < 0;
		this.counter.hidden = length < COUNTED_FROM;
		this.counter.classList.toggle('over', left < 0);
		this.counter.textContent = t(left < 0 ? 'over' : 'left', { count: number(Math.abs(left)) });
	}
}
