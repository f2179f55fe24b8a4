"""The OpenAPI document: complete, true to its examples, and checked in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from api.openapi import document

COPY = Path(__file__).parents[3] / "docs" / "openapi.json"
DOCUMENT: dict[str, Any] = json.loads(document())
OPERATIONS = [
    (f"{method.upper()} {path}", operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]


def resolved(value: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in value:
        target: Any = DOCUMENT
        for part in value["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        value = target
    return value


def test_the_checked_in_copy_is_the_present_one() -> None:
    assert COPY.read_text(encoding="utf-8") == document(), "run: python -m api.openapi > docs/openapi.json"


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [operation["operationId"] for _, operation in OPERATIONS]
    assert len(names) == len(set(names)) == 141


@pytest.mark.parametrize(("name", "operation"), OPERATIONS, ids=[name for name, _ in OPERATIONS])
def test_an_operation_is_described_with_examples_for_all_that_goes_in_and_out(
    name: str, operation: dict[str, Any]
) -> None:
    assert operation["summary"]
    assert operation["description"].endswith((".", "?"))
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    assert set(operation["tags"]) <= tags
    if "/v1/" in name:
        schemes = [scheme for choice in operation["security"] for scheme in choice]
        assert set(schemes) <= DOCUMENT["components"]["securitySchemes"].keys()
    bodies = [resolved(operation["requestBody"])] if "requestBody" in operation else []
    for status, response in operation["responses"].items():
        answer = resolved(response)
        assert answer["description"]
        if status != "204":
            assert answer["content"], f"{name} {status}"
            bodies.append(answer)
    for body in bodies:
        for kind, media in body["content"].items():
            schema = media.get("schema", {})
            choices = [resolved(choice) for choice in schema.get("anyOf", [schema])]
            examples = [media["example"]] if "example" in media else []
            examples += [example for choice in choices for example in choice.get("examples", [])]
            if any(choice.get("title") == "Nothing" for choice in choices):
                continue
            assert examples, f"{name} {kind}"
            for example in examples:
                jsonschema.validate(
                    example,
                    {**schema, "components": DOCUMENT["components"]},
                    format_checker=jsonschema.FormatChecker(),
                )


def test_references_lead_somewhere() -> None:
    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                resolved(value)
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(DOCUMENT)


def test_an_example_tells_of_a_field_only_if_there_is_one() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        for example in schema.get("examples", []):
            if isinstance(example, dict):
                assert example.keys() <= schema["properties"].keys(), name
