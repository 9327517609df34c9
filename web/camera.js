const EVERY = 8_000; // ms between stills, at least: the server takes 8 a minute
const ATTENTIVE = 60_000; // ms after the visitor's last sign that stills go on
const LONGEST_SIDE = 512; // pixels

export class Camera {
	static isPossible = Boolean(navigator.mediaDevices?.getUserMedia);
	#stream = null;
	#shotAt = -Infinity;
	#wantedAt = -Infinity;
	#timer = 0;
	#opening = 0;
	#visit = {};

	constructor(preview, onStill, onState) {
		Object.assign(this, { preview, onStill, onState });
		preview.onloadeddata = () => this.#plan();
	}

	get isOn() {
		return this.#stream !== null;
	}

	async start() {
		const opening = ++this.#opening;
		const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'user', width: { ideal: 640 } } });
		const [track] = stream.getVideoTracks();
		if (opening !== this.#opening) return void track.stop(); // switched off meanwhile
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

	/** No stills until the next sign of a visitor, not even one that is being made. */
	rest() {
		clearTimeout(this.#timer);
		this.#wantedAt = -Infinity;
		this.#visit = {};
	}

	/** The visitor does something: a still as soon as one is due, and more while they stay. */
	look() {
		this.#wantedAt = performance.now();
		this.#plan();
	}

	#plan() {
		clearTimeout(this.#timer);
		const now = performance.now();
		if (!this.#stream || !this.preview.videoWidth || now - this.#wantedAt >= ATTENTIVE) return;
		this.#timer = setTimeout(() => this.#shoot(), Math.max(0, this.#shotAt + EVERY - now));
	}

	#shoot() {
		const { videoWidth, videoHeight } = this.preview;
		const visit = this.#visit;
		this.#shotAt = performance.now();
		this.#plan();
		if (document.hidden) return;
		const scale = Math.min(1, LONGEST_SIDE / Math.max(videoWidth, videoHeight));
		const canvas = document.createElement('canvas');
		[canvas.width, canvas.height] = [videoWidth * scale, videoHeight * scale];
		canvas.getContext('2d').drawImage(this.preview, 0, 0, canvas.width, canvas.height);
		canvas.toBlob(async (blob) => {
			const still = await blob?.arrayBuffer();
			if (still && visit === this.#visit) this.onStill(still);
		}, 'image/jpeg', 0.8);
	}
}
