/** Keeps the screen lit: a phone that sleeps hears of no call-out. Call what it returns to let it sleep again. */
export function keepAwake(): () => void {
  let held: WakeLockSentinel | undefined;
  let over = false;
  const ask = () => {
    if (document.visibilityState !== "visible" || over) return;
    // Low battery or an old browser: it only sleeps as it would have.
    navigator.wakeLock
      ?.request("screen")
      .then((lock) => (over ? void lock.release() : (held = lock)))
      .catch(() => {});
  };
  ask();
  document.addEventListener("visibilitychange", ask);
  return () => {
    over = true;
    document.removeEventListener("visibilitychange", ask);
    void held?.release();
  };
}
