"""A guard with a phone, and the API behind the page: what both do in tests."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from playwright.sync_api import BrowserContext, Geolocation, Page, expect
from support.backend import ADMIN, SCENE
from support.served import Served

GUARD = "guard-1"
NEAR: Geolocation = {"latitude": SCENE.lat_deg + 0.03, "longitude": SCENE.lon_deg}
FIRST = ("人の安全", "三角表示板とハザードランプ", "二次事故の防止")
_PICTURE = """() => {
  const canvas = document.createElement("canvas");
  canvas.width = 3200; canvas.height = 1200;
  const brush = canvas.getContext("2d");
  for (let n = 0; n < 400; n++) {
    brush.fillStyle = `hsl(${(n * 37) % 360} 80% 50%)`;
    brush.fillRect((n * 61) % 3200, (n * 97) % 1200, 160, 90);
  }
  return canvas.toDataURL("image/png");
}"""


STAGES = """() => {
  window.stages = [];
  const look = () => {
    const stage = document.querySelector("[aria-current]")?.textContent ?? "";
    if (stage && window.stages.at(-1) !== stage) window.stages.push(stage);
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
  look();
}"""


def until(happened: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Wait for something without keeping the API busy by asking; what it was."""
    deadline = time.monotonic() + seconds
    while not (found := happened()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)
    return found


def link(served: Served) -> str:
    """What the administration sends a unit."""
    return f"{served.address}/unit#token={_token(served)}"


def on_shift(served: Served, phone: BrowserContext) -> Page:
    """A unit that works, at the page that waits for a call-out."""
    served.insure()
    served.unit(GUARD)
    served.put("/v1/unit/position", {"lat_deg": 35.2, "lon_deg": 139.1, "on_shift": False}, bearer(served))
    page = phone.new_page()
    page.goto(link(served))
    tap(page, "勤務を始める")
    expect(page.get_by_text("依頼を待っています")).to_be_visible()
    until(lambda: works(served))
    return page


def bearer(served: Served) -> dict[str, str]:
    return {"Authorization": f"Bearer {_token(served)}"}


def _token(served: Served) -> str:
    if GUARD not in served.unit_tokens:
        served.unit_tokens[GUARD] = served.post(f"/v1/units/{GUARD}/token", headers=ADMIN)["token"]
    return served.unit_tokens[GUARD]


def works(served: Served) -> bool:
    """Whether the API has heard that it is on shift."""
    return served.get("/v1/unit", bearer(served))["unit"]["on_shift"]


def call_out(served: Served) -> UUID:
    incident_id = served.report()
    served.post(f"/v1/incidents/{incident_id}/dispatches", {"kind": "guard"})
    return incident_id


def dispatch(served: Served, incident_id: UUID) -> dict[str, Any]:
    (only,) = served.get(f"/v1/incidents/{incident_id}")["dispatches"]
    return only


def reach(served: Served, incident_id: UUID, state: str) -> dict[str, Any]:
    until(lambda: dispatch(served, incident_id)["state"] == state)
    return dispatch(served, incident_id)


def tap(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def check(page: Page, item: str, state: str = "実施") -> None:
    button = page.get_by_role("group", name=item, exact=True).get_by_role("button", name=state)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")


def accept(page: Page) -> None:
    expect(page.get_by_role("alert").filter(has_text="出動の依頼")).to_be_visible()
    tap(page, "15分")
    tap(page, "この時間で受ける")
    expect(page.get_by_role("button", name="出発しました")).to_be_visible()


def photograph(page: Page) -> None:
    picture = str(page.evaluate(_PICTURE)).partition(",")[2]
    page.locator("input[type=file]").set_input_files(
        {"name": "scene.png", "mimeType": "image/png", "buffer": base64.b64decode(picture)}
    )


def complete(page: Page, report: str) -> None:
    tap(page, "報告して完了")
    page.get_by_role("textbox", name="報告").fill(report)
    tap(page, "完了を報告する")


def kinds(served: Served, incident_id: UUID) -> list[str]:
    """What the unit reported, in the order in which it came."""
    events = served.get(f"/v1/incidents/{incident_id}/events")["events"]
    return [
        event["kind"] + ":" + event["data"]["item"] if event["kind"] == "scene_checked" else event["kind"]
        for event in events
        if event["actor"] == f"unit:{GUARD}"
    ]


def unchecked(served: Served) -> str | None:
    """Why a scene was secured with some of the checklist open."""
    (only,) = served.sql("SELECT unchecked_reason FROM dispatches")
    return only["unchecked_reason"]
