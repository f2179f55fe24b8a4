const SIGNS = ["pointermove", "pointerdown", "keydown", "wheel", "touchstart"] as const;

/** Calls `lock` once nobody has touched the page for so long; the result ends it. */
export function whenIdle(after_s: number, lock: () => void): () => void {
  let touchedAt = Date.now();
  const touched = () => (touchedAt = Date.now());
  for (const sign of SIGNS) addEventListener(sign, touched, { passive: true });
  // A machine that slept has timers that did not run: so the clock is asked, not a timer trusted.
  const timer = setInterval(() => {
    if (Date.now() - touchedAt >= after_s * 1000) {
      touchedAt = Date.now();
      lock();
    }
  }, 5000);
  return () => {
    clearInterval(timer);
    for (const sign of SIGNS) removeEventListener(sign, touched);
  };
}
