// Runs in the measured page: collects what the browser tells of its own work, until it is asked for.
(() => {
  const fresh = () => ({ tasks: [], keys: [], drawn: {}, shift: 0 });
  let found = fresh();
  let deaf = false;
  const watch = (type, hear, more = {}) =>
    new PerformanceObserver((list) => {
      if (!deaf) list.getEntries().forEach(hear);
    }).observe({ type, buffered: true, ...more });
  watch("longtask", (entry) => found.tasks.push(entry.duration));
  watch("event", (entry) => found.keys.push(entry.duration), { durationThreshold: 16 });
  watch("layout-shift", (entry) => {
    if (!entry.hadRecentInput) found.shift += entry.value;
  });
  new MutationObserver((changes) => {
    const ids = [];
    for (const change of changes) {
      for (const node of change.addedNodes) {
        if (!(node instanceof Element)) continue;
        const row = node.matches("[data-id]") ? node : node.querySelector("[data-id]");
        if (row) ids.push(row.dataset.id);
      }
    }
    if (ids.length && !deaf) {
      requestAnimationFrame(() => {
        for (const id of ids) found.drawn[id] ??= performance.timeOrigin + performance.now();
      });
    }
  }).observe(document, { childList: true, subtree: true });

  let frames;
  const beat = (at) => {
    if (!frames) return;
    frames.push(at);
    requestAnimationFrame(beat);
  };
  window.bench = {
    /** What was found since it was last asked. */
    take() {
      const taken = found;
      found = fresh();
      return taken;
    },
    deaf(is) {
      deaf = is;
    },
    countFrames() {
      frames = [];
      requestAnimationFrame(beat);
    },
    /** Milliseconds between frames since counting began. */
    frames() {
      const counted = frames ?? [];
      frames = undefined;
      return counted.slice(1).map((at, index) => at - counted[index]);
    },
  };
})();
