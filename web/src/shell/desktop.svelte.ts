/** Notifications of the desktop, which browsers allow only after somebody pressed something for it. */
class Desktop {
  #state = $state<NotificationPermission | "missing">("Notification" in window ? Notification.permission : "missing");

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
    shown.onclick = () => {
      window.focus();
      shown.close();
      open();
    };
  }
}

export const desktop = new Desktop();
