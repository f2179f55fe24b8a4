import { en } from "./en";
import { ja } from "./ja";

export type Language = "ja" | "en";

const KEY = "cbutton.language";

/** The language of the pages: Japanese unless somebody chose English here before. */
class Speech {
  language = $state<Language>(localStorage.getItem(KEY) === "en" ? "en" : "ja");

  get words(): typeof ja {
    return this.language === "ja" ? ja : en;
  }

  choose(language: Language): void {
    this.language = language;
    localStorage.setItem(KEY, language);
    document.documentElement.lang = language;
    document.title = this.words.product;
  }

  /** What is told in both languages, in this one. */
  of(both: { ja: string; en: string }): string {
    return both[this.language];
  }
}

export const speech = new Speech();
speech.choose(speech.language);
