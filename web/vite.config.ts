import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [svelte()],
  base: "/",
  build: {
    outDir: "../api/static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // the pages' content security policy allows no data: scripts or styles
    modulePreload: { polyfill: false },
    rolldownOptions: {
      checks: { pluginTimings: false },
      input: { index: "index.html", unit: "unit.html", "unit-worker": "worker/worker.ts" },
      output: {
        // A service worker keeps its address: it is how the browser sees that there is a newer one.
        entryFileNames: ({ name }) => (name === "unit-worker" ? "[name].js" : "assets/[name]-[hash].js"),
      },
    },
  },
});
