const TYPING_EVERY = 3_000; // ms

export class Composer {
	#typedAt = -Infinity;

	constructor(form, onAsk, onTyping) {
		const field = this.field = form.querySelector('textarea');
		this.send = form.querySelector('.send');
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

	/** A phone's keyboard would cover the page. */
	focus() {
		if (matchMedia('(pointer: fine)').matches) this.field.focus();
	}

	submit() {
		if (!this.send.disabled) this.field.form.requestSubmit();
	}

	write(words) {
		this.field.value = words;
		this.update();
	}

	update() {
		this.send.disabled = !this.field.value.trim();
	}
}
