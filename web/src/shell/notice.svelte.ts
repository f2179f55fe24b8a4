export interface Said {
  id: number;
  text: string;
  bad: boolean;
}

const SHOWN_MS = 6000;

/** What was said of the last commands: a few lines that go away by themselves. */
class Notices {
  said = $state<Said[]>([]);
  #next = 1;

  say(text: string, bad = false): void {
    const id = this.#next++;
    this.said = [...this.said.slice(-3), { id, text, bad }];
    setTimeout(() => (this.said = this.said.filter((one) => one.id !== id)), bad ? SHOWN_MS * 2 : SHOWN_MS);
  }
}

export const notices = new Notices();
