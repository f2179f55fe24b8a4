"""docs/asyncapi.yaml is what the definitions say, and its schemas mean what the backend does."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf.json_format import MessageToJson, ParseDict
from jsonschema import Draft7Validator

from ingest.envelope import Rejection, read
from schemas import asyncapi, limits, topics
from schemas.topics import UpTopic
from schemas.wire import device_pb2, examples

FILE = Path(__file__).resolve().parents[3] / "docs" / "asyncapi.yaml"
RECEIVED_AT = datetime(2026, 9, 21, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def resolved(document: dict[str, Any], reference: str) -> Any:
    node: Any = document
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


def validator(document: dict[str, Any], message: str) -> Draft7Validator:
    return Draft7Validator({"$ref": f"#/components/schemas/{message}", "components": document["components"]})


def test_the_file_is_up_to_date() -> None:
    assert FILE.read_text(encoding="utf-8") == asyncapi.as_yaml(), "run scripts/generate"


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if "$ref" in node else []
            return own + [found for value in node.values() for found in references(value)]
        return [found for value in node for found in references(value)] if isinstance(node, list) else []

    found = references(document)
    assert len(found) > 50
    for reference in found:
        assert resolved(document, reference)


def test_there_is_a_channel_and_an_operation_for_every_topic(document: dict[str, Any]) -> None:
    channels = document["channels"]
    assert {name for name in channels if name != "cmd"} == set(topics.UPLINKS)
    for name in topics.UPLINKS:
        assert channels[name]["address"] == f"cb/v1/{{shard}}/{{device}}/up/{name}"
        operation = document["operations"][f"send_{name}"]
        assert operation["action"] == "send"
        assert operation["channel"] == {"$ref": f"#/channels/{name}"}
        assert operation["bindings"]["mqtt"]["qos"] == 1
        assert operation["bindings"]["mqtt"]["retain"] is (name == "status")
        assert channels[name]["x-payload-bytes-most"] == (
            limits.BULK_SIZE_BYTES if name in topics.BULK else limits.PAYLOAD_BYTES
        )
    command = document["operations"]["receive_cmd"]
    assert command["action"] == "receive"
    assert command["bindings"]["mqtt"]["qos"] == 0
    assert channels["cmd"]["address"] == "cb/v1/{shard}/{device}/down/cmd"


def test_each_channel_has_both_encodings(document: dict[str, Any]) -> None:
    for channel in document["channels"].values():
        types = {
            resolved(document, message["$ref"])["contentType"] for message in channel["messages"].values()
        }
        assert types == {"application/x-protobuf", "application/json"}


def test_the_schemas_are_schemas_and_name_every_field_of_the_wire(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert set(schemas) == set(device_pb2.DESCRIPTOR.message_types_by_name)
    for name, schema in schemas.items():
        Draft7Validator.check_schema(schema)
        fields = device_pb2.DESCRIPTOR.message_types_by_name[name].fields_by_name
        assert list(schema["properties"]) == list(fields)


def test_every_message_has_examples_that_fit_it(document: dict[str, Any]) -> None:
    seen = 0
    for message in document["components"]["messages"].values():
        assert message["examples"]
        name = message["payload"]["$ref"].rsplit("/", 1)[-1]
        for example in message["examples"]:
            validator(document, name).validate(example["payload"])
            ParseDict(example["payload"], getattr(device_pb2, name)())
            seen += 1
    assert seen == 2 * (len(examples.UPLINKS) + len(examples.COMMANDS))


@pytest.mark.parametrize("name", topics.UPLINKS)
def test_the_backend_reads_the_examples_in_both_forms_without_a_defect(name: str) -> None:
    topic = UpTopic("00", "demo-1", name)
    message = examples.UPLINKS[name]
    from_binary = read(topic, message.SerializeToString(), RECEIVED_AT)
    from_json = read(topic, MessageToJson(message).encode(), RECEIVED_AT)
    assert not isinstance(from_binary, Rejection)
    assert from_json == from_binary
    assert not getattr(from_binary, "defects", ())


WRONG: list[tuple[str, list[str | int], object]] = [
    ("accel", ["motion", "rate_hz"], 40),
    ("accel", ["motion", "rate_hz"], 1200),
    ("accel", ["motion", "samples"], 0),
    ("accel", ["motion", "samples"], 4001),
    ("accel", ["motion", "scale_mps2"], 1e-7),
    ("accel", ["motion", "scale_mps2"], 1.5),
    ("accel", ["motion", "full_scale_g"], 1),
    ("accel", ["motion", "full_scale_g"], 201),
    ("accel", ["motion", "lowpass_hz"], -1),
    ("accel", ["motion", "lowpass_hz"], 10_001),
    ("accel", ["motion", "counts"], None),
    ("accel", ["motion"], None),
    ("impact", ["motion"], None),
    ("impact", ["stamp"], None),
    ("accel", ["stamp", "boot_id"], None),
    ("status", ["stamp", "sequence"], None),
    ("gps", ["stamp", "version"], 2),
    ("gps", ["fixes"], []),
    ("gps", ["fixes", 0, "lat_deg"], 90.5),
    ("gps", ["fixes", 0, "lon_deg"], -180.5),
    ("status", ["state"], None),
    ("status", ["battery_mv"], -1),
    ("ack", ["stamp"], None),
    ("ack", ["command_id"], None),
    ("ack", ["result"], None),
]


@pytest.mark.parametrize(("name", "path", "value"), WRONG)
def test_what_the_schema_refuses_the_backend_rejects(
    document: dict[str, Any], name: str, path: list[str | int], value: object
) -> None:
    message = type(examples.UPLINKS[name]).__name__
    example = copy.deepcopy(resolved(document, f"#/components/messages/{message}")["examples"][0]["payload"])
    place: Any = example
    for part in path[:-1]:
        place = place[part]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    assert not validator(document, message).is_valid(example)
    result = read(UpTopic("00", "demo-1", name), json.dumps(example).encode(), RECEIVED_AT)
    assert isinstance(result, Rejection), result


@pytest.mark.parametrize("body", ["receipt", "signal", "send_window", "settings"])
def test_a_command_has_exactly_one_body(document: dict[str, Any], body: str) -> None:
    commands = {
        example["name"]: example["payload"]
        for example in document["components"]["messages"]["Command"]["examples"]
    }
    check = validator(document, "Command")
    assert check.is_valid(commands[body])
    without = {key: value for key, value in commands[body].items() if key != body}
    assert not check.is_valid(without)
    other = next(name for name in commands if name != body)
    assert not check.is_valid({**commands[body], other: commands[other][other]})
