"""JSON Schemas of the wire messages in their JSON form, made from device.proto and its comments.

Needs grpcio-tools, so only documents and tests import it. Field names stay as device.proto
writes them; Protobuf's JSON form takes lowerCamelCase as well.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)
from grpc_tools import protoc

from schemas import limits

Schema = dict[str, Any]

_CHECKOUT: Final = Path(__file__).resolve().parents[2]
_PROTO: Final = "schemas/wire/device.proto"
_NESTED, _ENUMS = 3, 4  # field numbers in DescriptorProto, as source locations spell paths
_REPEATED: Final = FieldDescriptorProto.LABEL_REPEATED

_UINT32: Final[Schema] = {"type": "integer", "minimum": 0, "maximum": 2**32 - 1}
_INT32: Final[Schema] = {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1}
_UINT64: Final[Schema] = {"type": ["string", "integer"], "pattern": "^[0-9]+$", "minimum": 0}
_INT64: Final[Schema] = {"type": ["string", "integer"], "pattern": "^-?[0-9]+$"}
_SCALARS: Final[dict[int, Schema]] = {
    FieldDescriptorProto.TYPE_DOUBLE: {"type": "number"},
    FieldDescriptorProto.TYPE_FLOAT: {"type": "number"},
    FieldDescriptorProto.TYPE_UINT32: _UINT32,
    FieldDescriptorProto.TYPE_SINT32: _INT32,
    FieldDescriptorProto.TYPE_UINT64: _UINT64,
    FieldDescriptorProto.TYPE_FIXED64: _UINT64,
    FieldDescriptorProto.TYPE_INT64: _INT64,
    FieldDescriptorProto.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptorProto.TYPE_STRING: {"type": "string"},
    FieldDescriptorProto.TYPE_BYTES: {"type": "string", "contentEncoding": "base64"},
}


def _between(allowed: tuple[float, float]) -> Schema:
    return {"minimum": allowed[0], "maximum": allowed[1]}


# What device.proto's types cannot say. Values outside are rejected by the backend, but for speed,
# heading, accuracy, the fixes of an impact, and texts, which are cut down to what is possible.
_NARROWER: Final[dict[str, Schema]] = {
    "Stamp.version": {"const": limits.VERSION},
    "Stamp.sequence": {"minimum": 1},
    "Fix.lat_deg": _between((-90, 90)),
    "Fix.lon_deg": _between((-180, 180)),
    "Fix.speed_mps": _between((0, limits.SPEED_MPS)),
    "Fix.heading_deg": _between((0, 360)),
    "Fix.accuracy_m": {"minimum": 0},
    "Motion.rate_hz": _between(limits.RATE_HZ),
    "Motion.samples": _between(limits.SAMPLES),
    "Motion.scale_mps2": _between(limits.SCALE_MPS2),
    "Motion.full_scale_g": _between(limits.FULL_SCALE_G),
    "Motion.lowpass_hz": _between(limits.LOWPASS_HZ),
    "Impact.fixes": {"maxItems": limits.FIXES[1]},
    "Gps.fixes": {"minItems": limits.FIXES[0], "maxItems": limits.FIXES[1]},
    "Status.firmware": {"maxLength": limits.TEXT_CHARACTERS},
    "Status.hardware": {"maxLength": limits.TEXT_CHARACTERS},
    "Ack.command_id": {"maxLength": limits.TEXT_CHARACTERS},
    "Command.version": {"const": limits.VERSION},
    "Command.command_id": {"maxLength": limits.TEXT_CHARACTERS},
}

# Without these a message is worth nothing and rejected; only when an impact triggered is guessed.
# A press is taken whatever is missing.
_REQUIRED: Final[dict[str, list[str]]] = {
    "Stamp": ["boot_id", "sequence"],
    "Fix": ["lat_deg", "lon_deg"],
    "Motion": ["rate_hz", "samples", "scale_mps2", "full_scale_g", "counts"],
    "Impact": ["stamp", "trigger_uptime_ms", "motion"],
    "Accel": ["stamp", "motion"],
    "Gps": ["stamp", "fixes"],
    "Status": ["stamp", "state"],
    "Ack": ["stamp", "command_id", "result"],
    "Command": ["version", "command_id"],
}


def schemas() -> dict[str, Schema]:
    """JSON Schema (draft 7) of each message by its name; they refer to each other as AsyncAPI components."""
    file = _compiled()
    comments = _Comments(file)
    enums = dict(_enums(file))
    return {
        message.name: _message(message, (4, index), comments, enums)
        for index, message in enumerate(file.message_type)
    }


class _Comments:
    def __init__(self, file: FileDescriptorProto) -> None:
        self._by_path = {
            tuple(place.path): " ".join(f"{place.leading_comments} {place.trailing_comments}".split())
            for place in file.source_code_info.location
        }

    def at(self, *path: int) -> Schema:
        """The comment of an element, as a schema's description."""
        comment = self._by_path.get(path, "")
        return {"description": comment} if comment else {}


def _compiled() -> FileDescriptorProto:
    with tempfile.NamedTemporaryFile(suffix=".pb") as output:
        arguments = [
            "protoc",
            f"-I{_CHECKOUT}",
            "--include_source_info",
            f"--descriptor_set_out={output.name}",
        ]
        if protoc.main([*arguments, str(_CHECKOUT / _PROTO)]) != 0:
            raise RuntimeError(f"protoc cannot read {_PROTO}")
        return FileDescriptorSet.FromString(Path(output.name).read_bytes()).file[0]


def _enums(file: FileDescriptorProto) -> Iterator[tuple[str, Schema]]:
    comments = _Comments(file)
    for outer, message in enumerate(file.message_type):
        for inner, enum in enumerate(message.enum_type):
            path = (4, outer, _ENUMS, inner)
            yield f".{file.package}.{message.name}.{enum.name}", _enum(enum, path, comments)


def _enum(enum: EnumDescriptorProto, path: tuple[int, ...], comments: _Comments) -> Schema:
    words = [comments.at(*path).get("description", "")]
    names: list[str] = []
    for index, value in enumerate(enum.value):
        if value.name == "UNSPECIFIED":  # what a field holds that was not sent
            continue
        names.append(value.name)
        if meaning := comments.at(*path, 2, index).get("description"):
            words.append(f"{value.name}: {meaning}.")
    description = " ".join(word for word in words if word)
    return {"type": "string", "enum": names} | ({"description": description} if description else {})


def _message(
    message: DescriptorProto, path: tuple[int, ...], comments: _Comments, enums: dict[str, Schema]
) -> Schema:
    properties: dict[str, Schema] = {}
    for index, field in enumerate(message.field):
        narrower = _NARROWER.get(f"{message.name}.{field.name}", {})
        kind = _kind(field, enums)
        said = " ".join(
            part["description"] for part in (comments.at(*path, 2, index), kind) if "description" in part
        )
        description = {"description": said} if said else {}
        if field.label == _REPEATED:
            properties[field.name] = {"type": "array", "items": kind} | narrower | description
        elif "$ref" in kind:
            # Draft 7 ignores what stands beside a reference.
            properties[field.name] = {"allOf": [kind], **description} if description else kind
        else:
            properties[field.name] = kind | narrower | description
    schema: Schema = {"type": "object", **comments.at(*path), "properties": properties}
    if required := _REQUIRED.get(message.name):
        schema["required"] = required
    if bodies := [field.name for field in message.field if _in_choice(field)]:
        schema["oneOf"] = [{"required": [name]} for name in bodies]
    return schema


def _kind(field: FieldDescriptorProto, enums: dict[str, Schema]) -> Schema:
    if field.type == FieldDescriptorProto.TYPE_ENUM:
        return enums[field.type_name]
    if field.type == FieldDescriptorProto.TYPE_MESSAGE:
        return {"$ref": f"#/components/schemas/{field.type_name.rsplit('.', 1)[-1]}"}
    return dict(_SCALARS[field.type])


def _in_choice(field: FieldDescriptorProto) -> bool:
    # Protobuf makes a choice of one of every `optional` field.
    return field.HasField("oneof_index") and not field.proto3_optional
