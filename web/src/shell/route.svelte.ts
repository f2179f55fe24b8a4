import { session } from "./session.svelte";

export type Page =
  | "incidents"
  | "map"
  | "history"
  | "figures"
  | "units"
  | "plan"
  | "devices"
  | "letters"
  | "access"
  | "staff"
  | "account";

/** What each page needs; whoever has not got it is not shown the way there. */
const RIGHTS: Record<Page, string> = {
  incidents: "watch",
  map: "watch",
  history: "read",
  figures: "figures",
  units: "see_units",
  plan: "plan",
  devices: "see_devices",
  letters: "dead_letters",
  access: "access_log",
  staff: "staff",
  account: "",
};
/** Those of whoever runs the shift, in the order they are shown. */
export const SUPERVISION: readonly Page[] = ["figures", "units", "plan", "devices", "letters", "access", "staff"];

function isPage(name: string | undefined): name is Page {
  return name !== undefined && Object.hasOwn(RIGHTS, name);
}

/** Which page is shown, as the address says: /console/PAGE/REST?QUERY. */
class Route {
  page = $state<Page>("incidents");
  /** What follows the page's name: the number of an incident, say. */
  rest = $state("");
  query = $state("");

  constructor() {
    this.#read();
    addEventListener("popstate", () => this.#read());
  }

  may(page: Page): boolean {
    return RIGHTS[page] === "" || session.may(RIGHTS[page]);
  }

  to(page: Page, rest = "", query = ""): void {
    const address = Route.address(page, rest, query);
    if (address !== location.pathname + location.search) history.pushState(null, "", address);
    this.#read();
  }

  /** The same page of another state: no step back leads to what was before. */
  become(rest: string, query = ""): void {
    history.replaceState(null, "", Route.address(this.page, rest, query));
    this.#read();
  }

  static address(page: Page, rest = "", query = ""): string {
    return `/console/${page}${rest ? `/${encodeURIComponent(rest)}` : ""}${query ? `?${query}` : ""}`;
  }

  #read(): void {
    const [, , page, rest] = location.pathname.split("/");
    this.page = isPage(page) ? page : "incidents";
    this.rest = decodeURIComponent(rest ?? "");
    this.query = location.search.slice(1);
  }
}

export const route = new Route();
export const address = Route.address;
