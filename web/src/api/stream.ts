import { createParser } from "eventsource-parser";

export interface StreamEvent {
  position: number;
  incident_id: string;
  at: string;
  actor: string;
  kind: string;
  data: Record<string, unknown>;
}

export interface Listener {
  /** Something has been heard, if only that the other side is there. */
  heard(): void;
  happened(event: StreamEvent): void;
  /** The connection is gone; another one is tried soon. */
  lost(): void;
  refused(status: number): void;
}

/** The other side says something every 15 s: without a word for longer, the connection is dead. */
const SILENT_MS = 25_000;
const FIRST_MS = 250;
const LONGEST_MS = 5_000;

/** Follows everything that happens behind a position, across reconnections, until `signal` ends it. */
export async function follow(after: number, listener: Listener, signal: AbortSignal): Promise<void> {
  let position = after;
  let wait_ms = FIRST_MS;
  while (!signal.aborted) {
    const attempt = new AbortController();
    const stop = () => attempt.abort();
    signal.addEventListener("abort", stop);
    let silent = setTimeout(stop, SILENT_MS);
    try {
      const response = await fetch(`/v1/stream?after=${position}`, { signal: attempt.signal });
      if (!response.ok || !response.body) {
        listener.refused(response.status);
        if (response.status === 401 || response.status === 403) return;
        throw new Error(response.statusText);
      }
      wait_ms = FIRST_MS;
      const parser = createParser({
        onEvent(message) {
          const event = JSON.parse(message.data) as StreamEvent;
          position = event.position;
          listener.happened(event);
        },
      });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        clearTimeout(silent);
        silent = setTimeout(stop, SILENT_MS);
        listener.heard();
        parser.feed(value);
      }
    } catch {
      // Told below, whatever ended it.
    } finally {
      clearTimeout(silent);
      signal.removeEventListener("abort", stop);
    }
    if (signal.aborted) return;
    listener.lost();
    await new Promise((resolve) => setTimeout(resolve, wait_ms));
    wait_ms = Math.min(wait_ms * 2, LONGEST_MS);
  }
}
