import type { Filter } from "./order";

export interface View {
  filter: Filter;
  search: string;
}

const KEY = "cbutton.views";
const MOST = 8;

/** What was filtered for and is wanted again; kept by this browser, since a desk has its own. */
class Views {
  saved = $state.raw<readonly View[]>(Views.#kept());

  has(view: View): boolean {
    return this.saved.some((one) => one.filter === view.filter && one.search === view.search.trim());
  }

  save(view: View): void {
    const wanted = { ...view, search: view.search.trim() };
    if (!this.has(wanted)) this.#keep([...this.saved, wanted].slice(-MOST));
  }

  forget(view: View): void {
    this.#keep(this.saved.filter((one) => one !== view));
  }

  #keep(saved: readonly View[]): void {
    this.saved = saved;
    localStorage.setItem(KEY, JSON.stringify(saved));
  }

  static #kept(): readonly View[] {
    try {
      const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
      return Array.isArray(kept) ? (kept as View[]).filter((one) => typeof one.search === "string") : [];
    } catch {
      return [];
    }
  }
}

export const views = new Views();
