// `/?kiosk=1&idle=60&lang=zh-Hant` `&camera=1` (the house's) `&debug=1` (shows what is for its staff)

const parameters = new URLSearchParams(location.search);
const isOn = parameters.get('kiosk') === '1';
export const kiosk = {
	isOn,
	lang: parameters.get('lang'),
	camera: isOn && parameters.get('camera') === '1',
	isPublic: isOn && parameters.get('debug') !== '1',
};

const IDLE = Math.max(5, Number(parameters.get('idle')) || 60); // seconds without a sign of the visitor
const COUNTED = Math.min(10, Math.max(3, Math.floor(IDLE / 3))); // the last of them are counted down
const SIGNS = ['pointerdown', 'keydown', 'input', 'wheel', 'touchmove'];

export class Idle {
	#until = Infinity;

	constructor(isBusy, onCount, onEnd) {
		setInterval(() => {
			if (isBusy()) this.arm();
			const left = Math.ceil((this.#until - performance.now()) / 1000);
			onCount(left <= COUNTED ? left : 0);
			if (left > 0) return;
			this.disarm();
			onEnd();
		}, 200);
		for (const sign of SIGNS) addEventListener(sign, () => this.arm(), { capture: true, passive: true });
	}

	arm() {
		this.#until = performance.now() + IDLE * 1000;
	}

	disarm() {
		this.#until = Infinity;
	}
}
