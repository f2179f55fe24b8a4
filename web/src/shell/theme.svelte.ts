const KEY = "cbutton.theme";

/** Dark unless somebody chose light here before. */
class Theme {
  name = $state<"dark" | "light">(localStorage.getItem(KEY) === "light" ? "light" : "dark");

  choose(name: "dark" | "light"): void {
    this.name = name;
    localStorage.setItem(KEY, name);
    document.documentElement.dataset["theme"] = name;
  }

  turn(): void {
    this.choose(this.name === "dark" ? "light" : "dark");
  }
}

export const theme = new Theme();
theme.choose(theme.name);
