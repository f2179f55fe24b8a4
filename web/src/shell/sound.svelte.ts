const KEY = "cbutton.muted";
const VOLUME_KEY = "cbutton.volume";
/** As loud as the sounds get: a share of what the machine is set to. */
const LOUDEST = 0.4;

/** Two short sounds that cannot be taken for each other: a new severe incident, and somebody who waits. */
class Sound {
  muted = $state(localStorage.getItem(KEY) === "yes");
  /** From 0 to 1, kept by this desk. */
  volume = $state(Number(localStorage.getItem(VOLUME_KEY)) || 0.5);
  /** How often each was played, for whoever cannot hear them. */
  played = $state({ severe: 0, waiting: 0 });
  #context: AudioContext | undefined;

  turn(): void {
    this.muted = !this.muted;
    localStorage.setItem(KEY, this.muted ? "yes" : "no");
  }

  /** Another volume, which is heard at once. */
  turnTo(volume: number): void {
    this.volume = volume;
    localStorage.setItem(VOLUME_KEY, String(volume));
    this.waiting();
  }

  severe(): void {
    this.#play("severe", [880, 660, 880], 0.16);
  }

  waiting(): void {
    this.#play("waiting", [520, 520], 0.12);
  }

  #play(what: "severe" | "waiting", tones: readonly number[], each_s: number): void {
    this.played = { ...this.played, [what]: this.played[what] + 1 };
    if (this.muted) return;
    // Browsers stay silent until somebody has pressed something on the page.
    if (!navigator.userActivation.hasBeenActive) return;
    this.#context ??= new AudioContext();
    const context = this.#context;
    tones.forEach((hz, index) => {
      const from = context.currentTime + index * each_s * 1.3;
      const tone = context.createOscillator();
      const volume = context.createGain();
      tone.frequency.value = hz;
      volume.gain.setValueAtTime(0.0001, from);
      volume.gain.exponentialRampToValueAtTime(LOUDEST * this.volume, from + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, from + each_s);
      tone.connect(volume).connect(context.destination);
      tone.start(from);
      tone.stop(from + each_s);
    });
  }
}

export const sound = new Sound();
