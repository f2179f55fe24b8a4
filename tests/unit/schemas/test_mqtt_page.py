"""What docs/mqtt.md says in figures, names and bytes is what the code says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import MessageToDict, ParseDict

from ingest import envelope
from ingest.placing import TOLERANCE
from schemas import limits, topics
from schemas.wire import device_pb2, examples

CHECKOUT = Path(__file__).resolve().parents[3]
PAGE = (CHECKOUT / "docs" / "mqtt.md").read_text(encoding="utf-8")

GOLDEN = re.findall(
    r"### `[^`]+`: (?P<title>[^\n]+)\n+```json\n(?P<json>.*?)```\n+```hex\n(?P<hex>.*?)```", PAGE, re.DOTALL
)


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def first_column(text: str) -> list[str]:
    return re.findall(r"^\| `(\w+)`", text, re.MULTILINE)


def test_there_are_golden_bytes_of_every_message_and_command() -> None:
    titles = [title for title, _, _ in GOLDEN]
    uplinks = [message.DESCRIPTOR.name for message in examples.UPLINKS.values()]
    assert titles == uplinks + [f"Command with {name}" for name in examples.COMMANDS]
    assert set(examples.COMMANDS) == {
        field.name for field in device_pb2.Command.DESCRIPTOR.oneofs_by_name["body"].fields
    }


@pytest.mark.parametrize(("title", "values", "hexadecimal"), GOLDEN, ids=[title for title, _, _ in GOLDEN])
def test_golden_bytes_are_what_encoding_gives_and_decode_to_the_values(
    title: str, values: str, hexadecimal: str
) -> None:
    kind = getattr(device_pb2, title.split(maxsplit=1)[0])
    golden = bytes.fromhex(hexadecimal)
    encoded: Any = ParseDict(json.loads(values), kind())
    assert encoded.SerializeToString(deterministic=True) == golden
    decoded = kind.FromString(golden)
    assert decoded == encoded
    assert MessageToDict(decoded, preserving_proto_field_name=True) == json.loads(values)
    known = [*examples.UPLINKS.values(), *examples.COMMANDS.values()]
    assert decoded in known


def test_the_samples_of_the_golden_motion_are_those_named() -> None:
    counts = examples.UPLINKS["accel"].motion.counts  # type: ignore[attr-defined]
    named = "`counts` holds x = 1, 2, 3, y = −1, −2, −3, z = 2048, 2049, 2047."
    assert named in PAGE
    import struct

    assert struct.unpack("<9h", counts) == (1, 2, 3, -1, -2, -3, 2048, 2049, 2047)


def test_every_reason_of_rejection_is_explained_and_no_other() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (CHECKOUT / "ingest").glob("*.py"))
    used = set(re.findall(r"\b(?:_Reject|Rejection|_within)\(\s*\"(\w+)\"", sources))
    used |= set(re.findall(r"_Reject\(\"(\w+)\" if is_json else \"(\w+)\"", sources)[0])
    listed = first_column(section("What is rejected"))
    assert set(listed) == used
    assert len(listed) == len(set(listed))


def test_the_marks_of_a_press_are_those_a_press_can_have() -> None:
    source = (CHECKOUT / "ingest" / "envelope.py").read_text(encoding="utf-8")
    marks = set(re.findall(r"defects\.append\(\"(\w+)\"\)", source))
    text = section("`up/button`: a press")
    assert marks
    for mark in marks:
        assert f"`{mark}`" in text


@pytest.mark.parametrize("name", topics.UPLINKS)
def test_the_table_of_topics_gives_each_its_largest_payload(name: str) -> None:
    row = next(line for line in section("Topics").splitlines() if line.startswith(f"| `up/{name}`"))
    columns = [column.strip() for column in row.strip("|").split("|")]
    most = limits.BULK_SIZE_BYTES if name in topics.BULK else limits.PAYLOAD_BYTES
    assert columns[1] == f"`{type(examples.UPLINKS[name]).__name__}`"
    assert columns[2] == "1"
    assert columns[3] == ("**yes**" if name == "status" else "no")
    assert columns[4] == f"{most:,} bytes"


def test_the_limits_of_motion_stand_in_its_table() -> None:
    text = section("Motion, and `up/accel`")
    rows = {
        columns[1].strip(" `"): columns[3].strip()
        for line in text.splitlines()
        if line.startswith("| `")
        for columns in [line.split("|")]
    }
    assert rows["rate_hz"] == "{:g} to {:g}".format(*limits.RATE_HZ)
    assert rows["samples"] == "{} to {}".format(*limits.SAMPLES)
    assert rows["scale_mps2"] == f"{limits.SCALE_MPS2[0]:.6f} to {limits.SCALE_MPS2[1]:g}"
    assert rows["full_scale_g"] == "{:g} to {:g}".format(*limits.FULL_SCALE_G)
    assert rows["lowpass_hz"] == "{:g} to {:g}".format(*limits.LOWPASS_HZ)
    assert f"0 to {limits.SPEED_MPS:g}" in section("The stamp: who, which, when")


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("The stamp: who, which, when", f"> {limits.LATE_AFTER_MS:,}"),
        ("The stamp: who, which, when", f"before {limits.OLDEST.year}"),
        ("The stamp: who, which, when", f"agrees with the uptime to within {TOLERANCE.seconds} s"),
        ("`up/button`: a press", f"less than {limits.LONG_PRESS_MS // 1000} s"),
        ("`up/button`: a press", f"**No receipt within {limits.RECEIPT_WITHIN_MS // 1000} s of the press**"),
        (
            "`up/impact`: the device's own trigger",
            f"the {limits.BURST_BEFORE_MS // 1000} s before the trigger",
        ),
        ("`up/impact`: the device's own trigger", f"the first {limits.BURST_AFTER_MS / 1000} s after it"),
        ("`up/impact`: the device's own trigger", f"at most {limits.FIXES[1]}"),
        ("`up/gps`", f"`fixes`, {limits.FIXES[0]} to {limits.FIXES[1]} of them"),
        ("`up/status`", f"{limits.TEXT_CHARACTERS} characters at most are kept"),
        ("Topics", f"above {limits.PAYLOAD_BYTES:,} bytes"),
    ],
)
def test_figures_in_the_text_are_those_of_the_contract(title: str, words: str) -> None:
    assert words in " ".join(section(title).split())


@pytest.mark.parametrize("message", ["Stamp", "Fix", "Button", "Impact", "Motion", "Status"])
def test_every_field_has_a_row(message: str) -> None:
    rows = set(re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", PAGE, re.MULTILINE))
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    fields = device_pb2.DESCRIPTOR.message_types_by_name[message].fields_by_name
    assert set(fields) <= named


def test_lights_tones_and_results_are_named_with_their_numbers() -> None:
    for enum in (device_pb2.Signal.Light, device_pb2.Signal.Tone, device_pb2.Ack.Result):
        for name, number in enum.items():
            if name != "UNSPECIFIED":
                assert f"| `{name}` {number} |" in PAGE, name
    for name, number in device_pb2.Stamp.Clock.items():
        assert f"`{name}` {number}" in section("The stamp: who, which, when")
    for field in device_pb2.Command.DESCRIPTOR.oneofs_by_name["body"].fields:
        assert f"`{field.name}` {field.number}" in section("`down/cmd`: commands")


def test_the_nanopb_options_cover_every_field_without_a_size_of_its_own() -> None:
    options = re.findall(r"^([\w.]+) +(max_size|max_count):(\d+)$", section("nanopb"), re.MULTILINE)
    given = {name: (kind, int(size)) for name, kind, size in options}
    wanted: dict[str, str] = {}
    for message in device_pb2.DESCRIPTOR.message_types_by_name.values():
        for field in message.fields:
            if field.is_repeated:
                wanted[field.full_name] = "max_count"
            elif field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES):
                wanted[field.full_name] = "max_size"
    assert {name: kind for name, (kind, _) in given.items()} == wanted
    seconds = (limits.BURST_BEFORE_MS + limits.BURST_AFTER_MS) / 1000
    assert given["cbutton.wire.v1.Motion.counts"][1] >= 6 * 100 * seconds
    assert given["cbutton.wire.v1.Command.command_id"][1] == limits.TEXT_CHARACTERS + 1
    assert given["cbutton.wire.v1.Receipt.incident_id"][1] >= len("0c0ffee0-0000-4000-8000-000000000001") + 1


def test_the_zigzag_example_is_right() -> None:
    assert device_pb2.Status(signal_dbm=-87).SerializeToString().hex() == "30ad01"
    assert 0x2D | 1 << 7 == 173
    assert "−87 is the varint 173" in PAGE


def test_the_sizes_given_for_usual_messages_are_about_right() -> None:
    accel = device_pb2.Accel()
    accel.CopyFrom(examples.UPLINKS["accel"])
    accel.motion.samples, accel.motion.counts = 100, bytes(600)
    assert accel.ByteSize() == pytest.approx(660, abs=10)
    gps = device_pb2.Gps(stamp=accel.stamp)
    for _ in range(10):
        gps.fixes.add().CopyFrom(examples.UPLINKS["gps"].fixes[0])  # type: ignore[attr-defined]
    assert gps.ByteSize() == pytest.approx(420, abs=10)
    assert "about 660 bytes" in PAGE
    assert "about 420 bytes" in PAGE
    # An hour and a half in 4 MiB.
    assert 4 * 2**20 / (accel.ByteSize() + gps.ByteSize() / 10) / 3600 == pytest.approx(1.65, abs=0.2)


def test_the_backend_measures_by_the_same_limits() -> None:
    assert envelope.LATE_AFTER_MS is limits.LATE_AFTER_MS
    assert envelope.RATE_HZ is limits.RATE_HZ
    assert envelope.BULK_SIZE_BYTES is limits.BULK_SIZE_BYTES
