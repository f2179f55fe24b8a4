"""Presses and acknowledgements, right and wrong."""

from __future__ import annotations

import dataclasses

import pytest
from support.device_traces import Session, whys

from cli.device_check.rules import answers, presses
from cli.device_check.rules.conduct import conduct
from schemas.wire import device_pb2 as wire

# Presses


@pytest.mark.parametrize(
    ("kind", "held_ms", "long"), [(wire.Button.SHORT, 300, False), (wire.Button.LONG, 3000, True)]
)
def test_presses_called_by_their_name_are_right(
    device: Session, kind: wire.Button.Kind, held_ms: int, long: bool
) -> None:
    assert presses.press_kind(device.press(5000, kind, held_ms), long=long) == []


@pytest.mark.parametrize(
    ("kind", "held_ms", "long", "why"),
    [
        (wire.Button.LONG, 3000, False, "LONG instead of SHORT"),
        (wire.Button.SHORT, 2900, True, "SHORT instead of LONG"),
        (wire.Button.UNSPECIFIED, 300, False, "UNSPECIFIED instead of SHORT"),
        (wire.Button.SHORT, 0, False, "held_ms is 0"),
        (wire.Button.SHORT, 4000, False, "held_ms is 4000"),
        (wire.Button.LONG, 400, True, "held_ms is 400"),
        (wire.Button.LONG, 4600, True, "told after 4600 ms"),
    ],
)
def test_presses_called_wrongly_are_told(
    device: Session, kind: wire.Button.Kind, held_ms: int, long: bool, why: str
) -> None:
    assert why in whys(presses.press_kind(device.press(5000, kind, held_ms), long=long))


def test_a_press_that_waits_behind_other_messages_is_told(device: Session) -> None:
    press = device.press(5000, sent_ms=6500)
    assert "waited 1500 ms" in whys(presses.press_kind(press, long=False))


def test_a_press_repeated_every_five_seconds_is_right(device: Session) -> None:
    press = device.press(5000, sent_ms=5010)
    device.again(press, 10_020)
    device.again(press, 15_100)
    assert presses.repeated(device.heard) == []
    assert presses.one_press(device.heard) == []
    assert conduct(device.heard) == []


def test_a_press_never_repeated_is_told(device: Session) -> None:
    device.press(5000)
    assert "not sent again" in whys(presses.repeated(device.heard))


@pytest.mark.parametrize("gap_ms", [900, 3900, 7100, 11_000])
def test_repeats_too_soon_or_too_late_are_told(device: Session, gap_ms: int) -> None:
    press = device.press(5000, sent_ms=5010)
    device.again(press, 5010 + gap_ms)
    assert f"came again after {gap_ms / 1000:.1f} s" in whys(presses.repeated(device.heard))


def test_copies_with_the_same_time_of_sending_are_told(device: Session) -> None:
    press = device.press(5000, sent_ms=5010)
    device.heard.append(dataclasses.replace(press, at_s=press.at_s + 5))
    assert "same sent_uptime_ms" in whys(presses.repeated(device.heard))


def test_a_repeat_with_a_new_number_is_another_press(device: Session) -> None:
    device.press(5000)
    device.press(5000, sent_ms=10_000)
    assert "2 presses, sequences 1, 2" in whys(presses.one_press(device.heard))


def test_a_receipt_acknowledged_and_obeyed_is_right(device: Session) -> None:
    ack = device.ack("r", wire.Ack.DONE, 9000)
    assert presses.confirmed([ack], []) == []


def test_a_press_sent_again_after_its_receipt_is_told(device: Session) -> None:
    press = device.press(5000)
    ack = device.ack("r", wire.Ack.DONE, 9000)
    assert "again after its receipt" in whys(presses.confirmed([ack], [press]))
    assert "not acknowledged" in whys(presses.confirmed([], []))


# Acknowledgements


@pytest.mark.parametrize(
    ("results", "wanted", "why"),
    [
        ([wire.Ack.EXPIRED], wire.Ack.EXPIRED, ""),
        ([wire.Ack.DONE, wire.Ack.DONE], wire.Ack.DONE, ""),
        ([wire.Ack.DONE], wire.Ack.EXPIRED, "as DONE instead of EXPIRED"),
        ([wire.Ack.EXPIRED, wire.Ack.DONE], wire.Ack.EXPIRED, "as EXPIRED, DONE instead of EXPIRED"),
        ([], wire.Ack.DONE, "not acknowledged within 5 s"),
    ],
)
def test_answers_to_commands(
    device: Session, results: list[wire.Ack.Result], wanted: wire.Ack.Result, why: str
) -> None:
    acks = [device.ack("c", result, 5000 + 10 * index) for index, result in enumerate(results)]
    faults = answers.answered(acks, wanted, "the command")
    assert bool(faults) is bool(why)
    assert why in whys(faults)
