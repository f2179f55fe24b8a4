"""The button: short and long, sent until a receipt comes."""

from __future__ import annotations

import numpy as np
import pytest
from support.firmware import (
    BOOT,
    command,
    kinds,
    new_core,
    of,
    online_core,
    press,
    quiet,
    receipt_for,
    sent,
)

from schemas.wire.device_pb2 import (
    Ack,
    Button,
    Expiry,
    Fix,
    Receipt,
)


@pytest.mark.parametrize(
    ("held_ms", "kind", "told_ms"),
    [
        (80.0, Button.SHORT, 80),
        (2999.0, Button.SHORT, 2999),
        (3000.0, Button.LONG, 3000),
        (9000.0, Button.LONG, 3000),
    ],
)
def test_short_is_told_at_release_and_long_after_three_seconds(
    held_ms: float, kind: Button.Kind, told_ms: int
) -> None:
    core = online_core()
    core.fix(Fix(uptime_ms=900, lat_deg=36.2, lon_deg=137.9))
    press(core, 1000.0, held_ms)
    buttons = of(sent(core, 1000.0 + held_ms), "button")
    assert [(each.kind, each.held_ms, each.stamp.event_uptime_ms) for each in buttons] == [
        (kind, told_ms, 1000 + told_ms)
    ]
    assert buttons[0].fix.lat_deg == 36.2


def test_a_long_press_is_told_while_the_finger_is_still_down() -> None:
    core = online_core()
    core.button_down(1000.0)
    core.button_down(1500.0)
    assert core.due_ms(1500.0) == 4000.0
    core.tick(4010.0)
    assert [each.stamp.event_uptime_ms for each in of(sent(core, 4010.0), "button")] == [4000]
    core.tick(5000.0)
    core.button_up(6000.0)
    assert of(sent(core, 6000.0), "button") == []


def test_a_press_with_a_receipt_is_not_sent_again() -> None:
    core = online_core()
    press(core, 1000.0)
    (button,) = of(sent(core, 1200.0), "button")
    core.command(receipt_for(button), 2000.0)
    core.tick(60_000.0)
    assert of(sent(core, 60_000.0), "button") == []
    assert not core.display.not_connected
    receipt = next(entry for entry in core.journal.entries if entry.kind == "receipt")
    assert receipt.data["incident_id"] == "inc-7"
    assert receipt.data["of"] == "press"


def test_a_press_without_a_receipt_is_sent_again_and_the_driver_is_told() -> None:
    core = online_core()
    press(core, 1000.0)
    (first,) = of(sent(core, 1200.0), "button")
    core.tick(6199.0)
    assert core.outgoing(6199.0) == []
    assert core.display.shown == "OFF"
    core.tick(6200.0)
    (again,) = of(sent(core, 6200.0), "button")
    assert core.display.shown == "NOT_CONNECTED"
    assert again.stamp.sequence == first.stamp.sequence
    assert again.stamp.event_uptime_ms == first.stamp.event_uptime_ms == 1200
    assert again.stamp.sent_uptime_ms == 6200
    core.tick(11_199.0)
    assert core.outgoing(11_199.0) == []
    core.tick(11_200.0)
    assert len(of(sent(core, 11_200.0), "button")) == 1
    core.command(receipt_for(again), 11_300.0)
    assert core.display.shown == "OFF"
    assert "connection_shown" in kinds(core)
    assert sum(kind == "not_connected" for kind in kinds(core)) == 1


@pytest.mark.parametrize("wrong", [{"boot_id": BOOT - 1}, {"sequence": 999}])
def test_a_receipt_of_another_press_changes_nothing(wrong: dict[str, int]) -> None:
    core = online_core()
    press(core, 1000.0)
    (button,) = of(sent(core, 1200.0), "button")
    core.command(receipt_for(button, **wrong), 2000.0)
    assert [ack.result for ack in of(sent(core, 2000.0), "ack")] == [Ack.FAILED]
    core.tick(6200.0)
    assert len(of(sent(core, 6200.0), "button")) == 1
    assert core.display.not_connected


def test_an_expired_receipt_does_not_count() -> None:
    core = online_core()
    press(core, 1000.0)
    (button,) = of(sent(core, 1200.0), "button")
    late = Receipt(boot_id=BOOT, sequence=button.stamp.sequence, incident_id="inc")
    core.command(command("r", Expiry(boot_id=BOOT, uptime_ms=1900), receipt=late), 2000.0)
    assert [ack.result for ack in of(sent(core, 2000.0), "ack")] == [Ack.EXPIRED]
    core.tick(6200.0)
    assert core.display.not_connected


def test_a_press_offline_is_shown_as_not_connected_kept_and_sent_first() -> None:
    core = new_core()
    for block in quiet(0.0, 30.0):
        core.motion(block)
    press(core, 2000.0)
    core.tick(7200.0)
    assert core.display.shown == "NOT_CONNECTED"
    core.tick(200_000.0)
    core.connected(200_000.0)
    messages = sent(core, 200_000.0)
    assert messages[0][0] == "button"
    button = messages[0][1]
    assert (button.stamp.event_uptime_ms, button.stamp.sent_uptime_ms) == (2200, 200_000)
    assert len(of(messages, "button")) == 1, "the repeat due meanwhile is the same message"
    core.command(receipt_for(button), 200_500.0)
    assert core.display.shown == "OFF"


def test_repeats_become_rarer_after_a_minute_but_never_end() -> None:
    core = online_core()
    press(core, 0.0)
    times = []
    for second in range(600):
        core.tick(second * 1000.0)
        times += [second] * len(of(sent(core, second * 1000.0), "button"))
    assert times[:4] == [0, 5, 10, 15]
    assert np.diff(times).tolist()[-3:] == [30, 30, 30]
