"""The AsyncAPI 3.0 document of the device's side of MQTT, made from the wire's own definitions.

`python -m schemas.asyncapi` prints docs/asyncapi.yaml. Needs the development tools.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any, Final

import yaml
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from schemas import limits, topics
from schemas.wire import device_pb2, examples, json_form

KEEPALIVE_S: Final = 30
BINARY: Final = "application/x-protobuf"
JSON: Final = "application/json"
_BINDING: Final = "0.2.0"

Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Topic:
    message: str
    summary: str
    limit_bytes: int
    retain: bool = False


_UP: Final[dict[str, _Topic]] = {
    "button": _Topic("Button", "Somebody pressed the button.", limits.PAYLOAD_BYTES),
    "impact": _Topic("Impact", "The device's own trigger, in parts.", limits.PAYLOAD_BYTES),
    "status": _Topic("Status", "State of the device, and its last will.", limits.PAYLOAD_BYTES, retain=True),
    "accel": _Topic("Accel", "About one second of motion.", limits.BULK_SIZE_BYTES),
    "gps": _Topic("Gps", "A batch of position fixes.", limits.BULK_SIZE_BYTES),
    "ack": _Topic("Ack", "What became of a command.", limits.BULK_SIZE_BYTES),
}
_COMMAND: Final = _Topic("Command", "A receipt, a light, or a wish of the backend.", limits.PAYLOAD_BYTES)

_ABOUT: Final = """\
What a button device publishes and subscribes to, from the device's point of view.
docs/mqtt.md explains the behaviour; schemas/wire/device.proto is the source of the messages.

Each message has two encodings: Protobuf (proto3) binary, which devices use, and the same message
in Protobuf's JSON form, recognised by its first byte `{`, for people and test rigs. The schemas
describe the JSON form. There, 64-bit numbers are written as strings and bytes as base64; a field
that holds its default (0, false, "", the first name of an enumeration) may be left out.
"""


def document() -> Node:
    """The whole document as plain values."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Connected button device",
            "version": f"{limits.VERSION}.0.0",
            "description": _ABOUT,
        },
        "defaultContentType": BINARY,
        "servers": {"broker": _server()},
        "channels": {
            **{name: _channel(topics.up("{shard}", "{device}", name), topic) for name, topic in _UP.items()},
            "cmd": _channel(topics.down("{shard}", "{device}"), _COMMAND),
        },
        "operations": {
            **{f"send_{name}": _send(name, topic) for name, topic in _UP.items()},
            "receive_cmd": _operation("receive", "cmd", _COMMAND, qos=0),
        },
        "components": {
            "securitySchemes": {"password": {"type": "userPassword"}},
            "parameters": _parameters(),
            "messages": {
                name: message
                for topic in (*_UP.values(), _COMMAND)
                for name, message in _messages(topic).items()
            },
            "schemas": json_form.schemas(),
        },
    }


def _server() -> Node:
    return {
        "host": "{host}:{port}",
        "protocol": "mqtt",
        "protocolVersion": "3.1.1",
        "variables": {
            "host": {"description": "Address of the broker."},
            "port": {"default": "1883", "description": "Its MQTT port."},
        },
        "security": [{"$ref": "#/components/securitySchemes/password"}],
        "bindings": {
            "mqtt": {
                "clientId": "{device}",
                "cleanSession": True,
                "keepAlive": KEEPALIVE_S,
                "lastWill": {
                    "topic": topics.up("{shard}", "{device}", "status"),
                    "qos": 1,
                    "retain": True,
                    "message": "A Status with state OFFLINE and a sequence number of its own.",
                },
                "bindingVersion": _BINDING,
            }
        },
    }


def _parameters() -> Node:
    return {
        "shard": {
            "description": "Given to the device at provisioning, and never changed.",
            "enum": list(topics.SHARDS),
        },
        "device": {
            "description": f"The device's id, as `{topics.DEVICE_ID.pattern}`.",
            "examples": ["demo-1"],
        },
    }


def _channel(address: str, topic: _Topic) -> Node:
    return {
        "address": address,
        "summary": topic.summary,
        "parameters": {name: {"$ref": f"#/components/parameters/{name}"} for name in ("shard", "device")},
        "messages": {
            name: {"$ref": f"#/components/messages/{name}"}
            for name in (topic.message, f"{topic.message}Json")
        },
        "x-payload-bytes-most": topic.limit_bytes,
    }


def _send(name: str, topic: _Topic) -> Node:
    return _operation("send", name, topic, qos=1)


def _operation(action: str, channel: str, topic: _Topic, *, qos: int) -> Node:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": topic.summary,
        "bindings": {"mqtt": {"qos": qos, "retain": topic.retain, "bindingVersion": _BINDING}},
    }


def _messages(topic: _Topic) -> Node:
    """The two encodings of a message. Examples show the JSON form of what is sent in either."""
    shared: Node = {
        "title": topic.message,
        "summary": topic.summary,
        "payload": {"$ref": f"#/components/schemas/{topic.message}"},
        "examples": [
            {"name": name, "payload": MessageToDict(message, preserving_proto_field_name=True)}
            for name, message in _examples(topic.message).items()
        ],
    }
    binary = f"Protobuf binary encoding of {device_pb2.DESCRIPTOR.package}.{topic.message}."
    return {
        topic.message: {"name": topic.message, "contentType": BINARY, "description": binary, **shared},
        f"{topic.message}Json": {
            "name": f"{topic.message}Json",
            "contentType": JSON,
            "description": "The same message in Protobuf's JSON form.",
            **shared,
        },
    }


def _examples(message: str) -> dict[str, Message]:
    if message == _COMMAND.message:
        return dict(examples.COMMANDS)
    return {name: examples.UPLINKS[name] for name, topic in _UP.items() if topic.message == message}


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as a block."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def as_yaml() -> str:
    """The document as it stands in docs/asyncapi.yaml."""
    heading = (
        "# Made by `python -m schemas.asyncapi` from schemas/wire/device.proto, topics.py and limits.py.\n"
    )
    # Through JSON and back: parts that occur twice are written out twice, not as YAML aliases.
    plain = json.loads(json.dumps(document()))
    return heading + yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


if __name__ == "__main__":
    sys.stdout.write(as_yaml())
