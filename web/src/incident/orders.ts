import { api, got, type AmbulanceState, type Answer, type DispatchKind, type Outcome } from "../api/client";
import { desk } from "../live/desk.svelte";
import { incidents } from "../live/incidents.svelte";
import { speech } from "../words/words.svelte";
import { notices } from "../shell/notice.svelte";
import { session } from "../shell/session.svelte";
import { tell } from "./command";
import { opened } from "./opened.svelte";
import { undo } from "./undo.svelte";

type Path = { incident_id: string };

/** Order something of the incident that is open, say what became of it, and show it; whether it was done. */
async function order(what: string, act: (path: Path) => Promise<unknown>): Promise<boolean> {
  const id = opened.id;
  if (!id) return false;
  const done = await tell(what, () => act({ incident_id: id }));
  opened.refresh();
  incidents.show({ id });
  return done;
}

/** The same, and for some seconds it can be undone. */
async function undoable(what: string, act: (path: Path) => Promise<unknown>, back: () => void): Promise<void> {
  const id = opened.id;
  undo.forget();
  if ((await order(what, act)) && id) undo.offer(id, what, back);
}

/** What an operator may order; each says itself what became of it. */
export const orders = {
  take: () =>
    undoable(
      speech.words.actions.take,
      (path) => got(api.POST("/v1/incidents/{incident_id}/take", { params: { path } })),
      () => void orders.release(),
    ),
  release: () =>
    order(speech.words.orders.release, (path) =>
      got(api.POST("/v1/incidents/{incident_id}/release", { params: { path } })),
    ),
  call: () => {
    // The operator's own telephone is rung first: without one at the desk there is nobody to connect.
    if (!desk.isThere(session.who?.name ?? "")) return void notices.say(speech.words.actions.deskFirst, true);
    return void order(speech.words.actions.call, (path) => got(api.POST("/v1/incidents/{incident_id}/call", { params: { path } })));
  },
  answer: (answer: Answer) =>
    undoable(
      speech.words.answer[answer],
      (path) => got(api.POST("/v1/incidents/{incident_id}/answer", { params: { path }, body: { answer } })),
      () => void orders.withdraw(answer),
    ),
  withdraw: (answer: Answer) =>
    order(speech.words.orders.withdraw, (path) =>
      got(api.POST("/v1/incidents/{incident_id}/answer/withdraw", { params: { path }, body: { answer } })),
    ),
  send: (kind: DispatchKind) =>
    order(speech.words.dispatchKind[kind], (path) =>
      got(api.POST("/v1/incidents/{incident_id}/dispatches", { params: { path }, body: { kind } })),
    ),
  stop: (kind: DispatchKind) =>
    order(speech.words.actions.stop, (path) =>
      got(api.DELETE("/v1/incidents/{incident_id}/dispatches/{kind}", { params: { path: { ...path, kind } } })),
    ),
  ambulance: (state: AmbulanceState) =>
    order(speech.words.ambulance[state], (path) =>
      got(api.POST("/v1/incidents/{incident_id}/ambulance", { params: { path }, body: { state } })),
    ),
  close: (outcome: Outcome) =>
    undoable(
      speech.words.outcome[outcome],
      (path) => got(api.POST("/v1/incidents/{incident_id}/close", { params: { path }, body: { outcome } })),
      () => void orders.reopen(speech.words.orders.byMistake),
    ),
  reopen: (reason: string) =>
    order(speech.words.orders.reopen, (path) =>
      got(api.POST("/v1/incidents/{incident_id}/reopen", { params: { path }, body: { reason } })),
    ),
  pause: (reason: string, minutes: number) =>
    order(speech.words.orders.pause, (path) =>
      got(api.POST("/v1/incidents/{incident_id}/pause", { params: { path }, body: { reason, minutes } })),
    ),
  resume: () =>
    order(speech.words.orders.resume, (path) =>
      got(api.POST("/v1/incidents/{incident_id}/resume", { params: { path } })),
    ),
  stepNow: (step: string, name: string) =>
    order(speech.words.orders.nowOf(name), (path) =>
      got(api.POST("/v1/incidents/{incident_id}/steps/now", { params: { path }, body: { step } })),
    ),
  stepOff: (step: string, name: string, reason: string) =>
    order(speech.words.orders.offOf(name), (path) =>
      got(api.POST("/v1/incidents/{incident_id}/steps/off", { params: { path }, body: { step, reason } })),
    ),
  merge: (into: string, reason: string) =>
    order(speech.words.orders.merge, (path) =>
      got(
        api.POST("/v1/incidents/{incident_id}/merge", { params: { path }, body: reason ? { into, reason } : { into } }),
      ),
    ),
};
