"""Who is called, and by what: sounds, the desktop, and what has just come out of view."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from support.control_room import Room, choose, opened, press, row
from support.guard_phone import until

# What the page plays and shows on the desktop is written down; and what it does every ten seconds it does every one.
_HEARD = """
window.tones = []; window.notes = []; window.asked = 0;
class Context {
  currentTime = 0; destination = {};
  createOscillator() {
    const start = function () { window.tones.push(this.frequency.value); };
    return { frequency: { value: 0 }, connect: (to) => to, stop() {}, start };
  }
  createGain() {
    return { gain: { setValueAtTime() {}, exponentialRampToValueAtTime() {} }, connect: (to) => to };
  }
}
window.AudioContext = Context;
window.Notification = class Notification {
  static permission = "default";
  static async requestPermission() { window.asked += 1; return (this.permission = "granted"); }
  constructor(title, options) { this.note = { title, ...options, closed: false }; window.notes.push(this.note); }
  close() { this.note.closed = true; }
};
const every = window.setInterval;
window.setInterval = (does, ms, ...rest) => every(does, ms === 10_000 ? 1_000 : ms, ...rest);
"""
_SEVERE_HZ = 880
_WAITING_HZ = 520


def severe(page: Page) -> int:
    """How often the sound for a severe one was begun."""
    return page.evaluate(f"window.tones.filter((hz) => hz === {_SEVERE_HZ}).length") // 2


def waiting(page: Page) -> int:
    """How often the sound for somebody who waits was begun."""
    return page.evaluate(f"window.tones.filter((hz) => hz === {_WAITING_HZ}).length") // 2


def test_a_new_severe_one_calls_until_somebody_takes_it(room: Room) -> None:
    sato, mori = room.operator("sato", script=_HEARD), room.operator("mori", script=_HEARD)
    assert sato.evaluate("window.asked") == 0  # only whoever wants it is asked
    sato.get_by_role("button", name="sato ▾").click()
    press(sato, "デスクトップ通知を許可")
    assert sato.evaluate("window.asked") == 1
    press(mori, "音を消す")
    incident_id = room.incident(room.crash())["id"]
    until(lambda: severe(sato) >= 3)
    (note,) = sato.evaluate("window.notes")
    assert (note["title"], note["body"], note["closed"]) == ("非常に重大", "神奈川県箱根町付近", False)
    assert mori.evaluate("window.notes") == []  # nobody allowed it there
    choose(mori, incident_id)
    press(mori, "引き受ける")
    until(lambda: sato.evaluate("window.notes[0].closed"))
    heard = severe(sato)
    sato.wait_for_timeout(2500)
    assert severe(sato) == heard
    assert mori.evaluate("window.tones") == []
    # A light one is none of it.
    room.incident(room.crash(delta_v_kmh=11.0))
    expect(sato.locator("[data-count=open]")).to_have_text("2")
    sato.wait_for_timeout(1500)
    assert (severe(sato), len(sato.evaluate("window.notes"))) == (heard, 1)


def test_somebody_on_the_line_is_heard_once_and_not_while_one_talks_to_them(room: Room) -> None:
    sato, mori = room.operator("sato", script=_HEARD), room.operator("mori", script=_HEARD)
    for page in (sato, mori):
        page.mouse.click(720, 8)  # a browser plays nothing before something was pressed
    incident_id = room.incident(room.crash(holds=True))["id"]
    expect(row(sato, incident_id)).to_contain_text("電話口でお待ちです", timeout=60_000)
    until(lambda: waiting(sato) == 1 and waiting(mori) == 1)
    press(sato, "離席中")  # now a telephone rings that is picked up
    expect(row(sato, incident_id)).to_contain_text("satoが通話中", timeout=60_000)
    heard = [severe(page) for page in (sato, mori)]
    assert min(heard) >= 1
    sato.wait_for_timeout(3_000)
    assert [severe(page) for page in (sato, mori)] == heard
    assert [waiting(page) for page in (sato, mori)] == [1, 1]
    # Another one is heard all the same.
    room.incident(room.crash())
    until(lambda: severe(sato) > heard[0])


def test_what_comes_out_of_view_is_told_and_one_key_away(room: Room) -> None:
    page = room.operator()
    page.keyboard.press("/")
    page.keyboard.type("nowhere")
    expect(page.locator(".queue .empty")).to_be_visible()
    incident_id = room.incident(room.crash())["id"]
    expect(page.get_by_role("button", name="表示外に新着の重大 1件")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(opened(page, incident_id)).to_be_visible()
    expect(row(page, incident_id)).to_be_in_viewport()
    expect(page.get_by_text("表示外に新着の重大")).to_have_count(0)


def test_what_comes_under_a_resting_pointer_is_seen_and_moves_nothing(room: Room) -> None:
    page = room.operator()
    first = room.incident(room.crash(delta_v_kmh=11.0))["id"]
    row(page, first).hover()
    stood = row(page, first).bounding_box()
    graver = room.incident(room.crash())["id"]
    expect(row(page, graver)).to_be_in_viewport(ratio=1)
    expect(page.locator(".queue [role=status]")).to_contain_text("新着 1件")
    assert row(page, first).bounding_box() == stood
    page.mouse.move(720, 8)
    expect(page.locator(".queue li[aria-posinset='1'] [data-id]")).to_have_attribute("data-id", graver)
