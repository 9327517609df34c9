const EVERY = 8_000; // ms between stills, at least: the server takes 8 a minute
const ATTENTIVE = 60_000; // ms after the visitor's last sign that stills go on
const LONGEST_SIDE = 512; // pixels

export class Camera {
	static isPossible = Boolean(navigator.mediaDevices?.getUserMedia);
	#stream = null;
	#shotAt = -Infinity;
	#wantedAt = 0;
	#timer = 0;
	#opening = 0;

	constructor(preview, onStill, onState) {
		Object.assign(this, { preview, onStill, onState });
		preview.onloadeddata = () => this.look();
	}

	get isOn() {
		return this.#stream !== null;
	}

	async start() {
		const opening = ++this.#opening;
		const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'user', width: { ideal: 640 } } });
		const [track] = stream.getVideoTracks();
		if (opening !== this.#opening) {
			track.stop(); // switched off meanwhile
			return;
		}
		track.onended = () => this.stop();
		this.#stream = this.preview.srcObject = stream;
		this.onState();
	}

	stop() {
		this.#opening += 1;
		this.rest();
		this.#stream?.getTracks().forEach((track) => track.stop());
		this.#stream = this.preview.srcObject = null;
		this.onState();
	}

	/** No stills until the next sign of a visitor. */
	rest() {
		clearTimeout(this.#timer);
	}

	/** The visitor does something: a still as soon as one is due, and more while they stay. */
	look() {
		if (!this.#stream) return;
		this.#wantedAt = performance.now();
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => this.#shoot(), Math.max(0, this.#shotAt + EVERY - this.#wantedAt));
	}

	#shoot() {
		const { videoWidth, videoHeight } = this.preview;
		const now = performance.now();
		if (now - this.#wantedAt < ATTENTIVE) this.#timer = setTimeout(() => this.#shoot(), EVERY);
		if (!videoWidth || document.hidden) return;
		this.#shotAt = now;
		const scale = Math.min(1, LONGEST_SIDE / Math.max(videoWidth, videoHeight));
		const canvas = document.createElement('canvas');
		[canvas.width, canvas.height] = [videoWidth * scale, videoHeight * scale];
		canvas.getContext('2d').drawImage(this.preview, 0, 0, canvas.width, canvas.height);
		canvas.toBlob(async (blob) => {
			const still = await blob?.arrayBuffer();
			if (still && this.#stream) this.onStill(still);
		}, 'image/jpeg', 0.8);
	}
}
