/** Do something now and every so often while the page is shown; what is returned ends it. */
export function every(ms: number, act: () => void): () => void {
  act();
  const timer = setInterval(() => {
    if (!document.hidden) act();
  }, ms);
  return () => clearInterval(timer);
}
