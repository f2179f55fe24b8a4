"""Faults of a plan's TOML, each with its line, its place in words, what is wrong and what is allowed. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

Path = tuple[str | int, ...]

# A value in three quotes first: two of them look like an empty string.
_TOKEN: Final = re.compile(
    r"""(?P<comment>\#[^\n]*)|(?P<line>\n)|(?P<space>[ \t\r]+)
      |(?P<text>\"{3}(?:\\.|[^\\])*?\"{3,5}|'{3}.*?'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*')
      |(?P<sign>[\[\]{}=,.])|(?P<bare>[^\s\[\]{}=,."'\#]+)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. `line` counts from 1 and is None where something is missing altogether."""

    line: int | None
    place: str
    words: str

    def __str__(self) -> str:
        where = [f"line {self.line}"] if self.line is not None else []
        return ": ".join([*where, *([self.place] if self.place else []), self.words])


class PlanError(ValueError):
    """A plan that cannot be used, with everything that is wrong about it."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


def parse(toml: str) -> dict[str, Any]:
    """The document as plain values. Raises PlanError where it is no TOML."""
    try:
        return tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) if found else toml.rstrip().count("\n") + 1
        raise PlanError([Fault(line, "", f"not valid TOML: {error}")]) from error


def faults_of(error: ValidationError, toml: str, raw: Mapping[str, Any]) -> list[Fault]:
    """What a model refused, in the words of somebody who edits the file."""
    lines = lines_of(toml)
    return [
        fault_at(
            fault["loc"],
            fault["msg"].removeprefix("Value error, ")
            + (
                ""
                if fault["type"] in ("missing", "value_error") and _big(fault["input"])
                else f" (got {fault['input']!r})"
            ),
            lines,
            raw,
        )
        for fault in error.errors()
    ]


def fault_at(path: Path, words: str, lines: Mapping[Path, int], raw: Mapping[str, Any]) -> Fault:
    """A fault at a place, or else at the nearest thing around it that has a line."""
    known = (path[:length] for length in range(len(path), 0, -1))
    line = next((lines[around] for around in known if around in lines), None)
    return Fault(line, _in_words(path, raw), words)


def lines_of(toml: str) -> dict[Path, int]:
    """The line, from 1, at which each table, key and item of a valid TOML document begins."""
    return _Scanner(toml).lines


def _big(value: object) -> bool:
    return isinstance(value, dict | list | tuple)


def _in_words(path: Path, raw: Mapping[str, Any]) -> str:
    """Where a fault is, in a reader's terms: `rule "severe", step 3, do`."""
    words: list[str] = []
    before: str | int = ""
    for part in path:
        match before, part:
            case "rules", int(number):
                rule = raw["rules"][number]
                named = isinstance(rule, dict) and "name" in rule
                words.append(f'rule "{rule["name"]}"' if named else f"rule {number + 1}")
            case "steps", int(number):
                words.append(f"step {number + 1}")
            case _, str() if part not in ("rules", "steps"):
                words.append(part)
            case _:
                pass
        before = part
    if path and path[-1] in ("rules", "steps"):
        words.append(str(path[-1]))
    return ", ".join(words) or "plan"


class _Scanner:
    """Walks through a document that tomllib has found valid; the standard library tells no lines."""

    def __init__(self, toml: str) -> None:
        self.lines: dict[Path, int] = {}
        self._tokens: list[tuple[str, str, int]] = []
        line = 1
        for found in _TOKEN.finditer(toml):
            kind, words = str(found.lastgroup), found[0]
            if kind not in ("space", "comment"):
                self._tokens.append((kind, words, line))
            line += words.count("\n")
        self._index = 0
        self._table: Path = ()
        self._counts: dict[Path, int] = {}
        while self._index < len(self._tokens):
            self._statement()

    def _peek(self) -> str:
        return self._tokens[self._index][1] if self._index < len(self._tokens) else ""

    def _next(self) -> tuple[str, str, int]:
        self._index += 1
        return self._tokens[self._index - 1]

    def _statement(self) -> None:
        if self._peek() == "\n":
            self._next()
        elif self._peek() == "[":
            self._header()
        else:
            self._pair(self._table)

    def _header(self) -> None:
        _, _, line = self._next()
        many = self._peek() == "["
        if many:
            self._next()
        path = self._within_arrays(self._key())
        if many:
            self._counts[path] = self._counts.get(path, -1) + 1
            self.lines.setdefault(path, line)
            path = (*path, self._counts[path])
        self.lines.setdefault(path, line)
        self._table = path
        while self._peek() == "]":
            self._next()

    def _within_arrays(self, key: Path) -> Path:
        """A header below an array of tables means its last one."""
        path: Path = ()
        for part in key[:-1]:
            path = (*path, part)
            if path in self._counts:
                path = (*path, self._counts[path])
        return (*path, key[-1])

    def _key(self) -> Path:
        parts: list[str] = []
        while True:
            kind, words, _ = self._next()
            parts.append(words[1:-1] if kind == "text" else words)
            if self._peek() != ".":
                return tuple(parts)
            self._next()

    def _pair(self, around: Path) -> None:
        line = self._tokens[self._index][2]
        path = (*around, *self._key())
        self.lines.setdefault(path, line)
        self._next()  # the sign of equality
        self._value(path)

    def _value(self, path: Path) -> None:
        if self._peek() == "[":
            self._items(path)
        elif self._peek() == "{":
            self._inline_table(path)
        else:
            while self._peek() not in ("", "\n", ",", "]", "}"):
                self._next()

    def _items(self, path: Path) -> None:
        self._next()
        number = 0
        while self._peek() != "]":
            if self._peek() in ("\n", ","):
                self._next()
                continue
            self.lines[*path, number] = self._tokens[self._index][2]
            self._value((*path, number))
            number += 1
        self._next()

    def _inline_table(self, path: Path) -> None:
        self._next()
        while self._peek() != "}":
            if self._peek() in ("\n", ","):
                self._next()
                continue
            self._pair(path)
        self._next()
