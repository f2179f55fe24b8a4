import "./theme/tokens.css";
import "./theme/base.css";
import "./theme/print.css";

import { mount } from "svelte";

import App from "./shell/App.svelte";

const target = document.getElementById("app");
if (!target) throw new Error("the page has no place for the console");
mount(App, { target });
