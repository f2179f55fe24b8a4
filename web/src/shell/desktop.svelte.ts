/** Notifications of the desktop, which browsers allow only after somebody pressed something for it. */
class Desktop {
  #state = $state<NotificationPermission | "missing">("Notification" in window ? Notification.permission : "missing");

  readonly #shown = new Map<string, Notification>();

  get canAsk(): boolean {
    return this.#state === "default";
  }

  async ask(): Promise<void> {
    this.#state = await Notification.requestPermission();
  }

  /** Tell of something, if that was allowed; a click brings the console to the front and calls `open`. */
  tell(title: string, body: string, tag: string, open: () => void): void {
    if (this.#state !== "granted") return;
    const shown = new Notification(title, { body, tag, requireInteraction: true });
    this.#shown.set(tag, shown);
    shown.onclick = () => {
      window.focus();
      shown.close();
      open();
    };
  }

  /** What was told is over: it goes from the desktop. */
  untell(tag: string): void {
    this.#shown.get(tag)?.close();
    this.#shown.delete(tag);
  }
}

export const desktop = new Desktop();
