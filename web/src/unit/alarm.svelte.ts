type Call = "offer" | "safe" | "ended";

const TONES: Record<Call, readonly number[]> = { offer: [988, 784, 988, 784], safe: [659, 880], ended: [523, 392] };
const VIBRATION: Record<Call, number[]> = { offer: [500, 150, 500, 150, 500], safe: [250, 100, 250], ended: [800] };
const TONE_S = 0.17;
const AGAIN_MS = 2_000;

/** Sound and vibration until somebody answers. */
class Alarm {
  /** The browser stays silent until somebody has touched the page. */
  silent = $state(!navigator.userActivation?.hasBeenActive);
  call = $state<Call | null>(null);
  /** How often each was given, for whoever cannot hear them. */
  given = $state<Record<Call, number>>({ offer: 0, safe: 0, ended: 0 });
  #context: AudioContext | undefined;
  #timer = 0;

  constructor() {
    const wake = () => {
      this.#context ??= new AudioContext();
      void this.#context.resume().then(() => (this.silent = false));
    };
    addEventListener("pointerdown", wake);
    addEventListener("keydown", wake);
  }

  /** Go on with this until it is called off with null. */
  ring(call: Call | null): void {
    if (call === this.call) return;
    this.call = call;
    clearInterval(this.#timer);
    navigator.vibrate?.(0);
    if (!call) return;
    this.once(call);
    this.#timer = window.setInterval(() => this.once(call), AGAIN_MS);
  }

  once(call: Call): void {
    this.given = { ...this.given, [call]: this.given[call] + 1 };
    navigator.vibrate?.(VIBRATION[call]);
    const context = this.#context;
    if (!context || context.state !== "running") return;
    TONES[call].forEach((hz, index) => {
      const from = context.currentTime + index * TONE_S * 1.15;
      const tone = context.createOscillator();
      const volume = context.createGain();
      // A square wave is heard through an engine where a sine is not.
      tone.type = "square";
      tone.frequency.value = hz;
      volume.gain.setValueAtTime(0.0001, from);
      volume.gain.exponentialRampToValueAtTime(0.4, from + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, from + TONE_S);
      tone.connect(volume).connect(context.destination);
      tone.start(from);
      tone.stop(from + TONE_S);
    });
  }
}

export const alarm = new Alarm();
