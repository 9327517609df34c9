const TYPING_EVERY = 3_000; // ms

export class Composer {
	#typedAt = -Infinity;
	canStop = false;

	constructor(form, onAsk, onTyping) {
		const field = this.field = form.querySelector('textarea');
		this.send = form.querySelector('.send');
		this.stop = form.querySelector('#stop');
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

	/** Stop stands where Send does, while there is nothing to send: so no button moves. */
	update(canStop = this.canStop) {
		this.canStop = canStop;
		this.send.disabled = !this.field.value.trim();
		this.send.hidden = canStop && this.send.disabled;
		this.stop.hidden = !this.send.hidden;
	}
}
