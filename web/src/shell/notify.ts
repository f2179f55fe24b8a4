/** A notification of the desktop, if it was allowed; a click brings the console to the front. */
export function notify(title: string, body: string, tag: string): void {
  if (!("Notification" in window)) return;
  if (Notification.permission === "default") void Notification.requestPermission();
  if (Notification.permission !== "granted") return;
  const shown = new Notification(title, { body, tag, requireInteraction: true });
  shown.onclick = () => {
    window.focus();
    shown.close();
  };
}
