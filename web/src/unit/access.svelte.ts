const KEY = "cbutton.unit.token";

/** The token of a link, of what somebody pasted, or of nothing of the kind. */
function tokenIn(text: string): string {
  return text.trim().replace(/^.*#token=/, "");
}

/** The unit's token, given once by a link and kept on this phone. */
class Access {
  token = $state(localStorage.getItem(KEY) ?? "");
  /** The API does not know the token any more. */
  refused = $state(false);
  /** It was given just now: the unit is not known yet. */
  fresh = false;

  constructor() {
    this.#fromAddress();
    addEventListener("hashchange", () => this.#fromAddress());
  }

  take(text: string): void {
    const token = tokenIn(text);
    if (!token) return;
    this.token = token;
    this.refused = false;
    this.fresh = true;
    localStorage.setItem(KEY, token);
  }

  forget(): void {
    this.token = "";
    this.refused = false;
    localStorage.removeItem(KEY);
  }

  #fromAddress(): void {
    if (!location.hash.startsWith("#token=")) return;
    this.take(decodeURIComponent(location.hash));
    // Out of the address: it must not be seen, shared or kept in the history.
    history.replaceState(null, "", location.pathname);
  }
}

export const access = new Access();
