import "../theme/tokens.css";
import "../theme/base.css";
import "./unit.css";

import { mount } from "svelte";

import UnitPage from "./UnitPage.svelte";

const target = document.getElementById("app");
if (!target) throw new Error("the page has no place for itself");
mount(UnitPage, { target });

// Without it the page only lacks that it opens without a signal.
navigator.serviceWorker?.register("/unit-worker.js", { scope: "/unit" }).catch(() => {});
navigator.storage?.persist?.().catch(() => false);
