/** Keeps the units' page itself on the phone, so that it opens without a signal. Never what the API says. */
declare const self: ServiceWorkerGlobalScope;

const PAGE = "/unit";
const CACHE = "cbutton.unit";
const PATIENCE_MS = 3_000;

/** Keep a page that came, once all it is made of is here too: never half of a newer one. */
async function keep(page: Response): Promise<void> {
  const cache = await caches.open(CACHE);
  const text = await page.clone().text();
  const files = [...new Set(text.match(/\/assets\/[^"']+/g) ?? [])];
  const lacking = [];
  for (const file of files) if (!(await cache.match(file))) lacking.push(file);
  await cache.addAll(lacking);
  await cache.put(PAGE, page);
  for (const request of await cache.keys()) {
    const { pathname } = new URL(request.url);
    if (pathname !== PAGE && !files.includes(pathname)) await cache.delete(request);
  }
}

async function page(event: FetchEvent): Promise<Response> {
  const kept = await (await caches.open(CACHE)).match(PAGE);
  try {
    const found = await fetch(PAGE, kept ? { signal: AbortSignal.timeout(PATIENCE_MS) } : {});
    if (found.ok) event.waitUntil(keep(found.clone()));
    return found.ok ? found : (kept ?? found);
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

async function file(request: Request): Promise<Response> {
  return (await (await caches.open(CACHE)).match(request.url)) ?? fetch(request);
}

self.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const found = await fetch(PAGE, { cache: "no-cache" });
      if (!found.ok) throw new Error(found.statusText);
      await keep(found);
      await self.skipWaiting();
    })(),
  );
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== self.location.origin) return;
  if (event.request.mode === "navigate" && pathname === PAGE) event.respondWith(page(event));
  else if (pathname.startsWith("/assets/")) event.respondWith(file(event.request));
});
