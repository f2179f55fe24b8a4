"""Reading an imported CSV file: every fault with its line and what is allowed, or all of its rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Final, TypeVar

T = TypeVar("T")

LAT_DEG: Final = (20.0, 46.0)
LON_DEG: Final = (122.0, 154.0)


class DirectoryError(ValueError):
    """A file that cannot be imported: one line for each fault. Nothing of it was taken over."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(faults))


class Row:
    """One row while it is read: says what is wrong with it, and goes on to the next column."""

    def __init__(self, line: int, values: dict[str, str], faults: list[str]) -> None:
        self.line = line
        self._values, self._faults = values, faults

    def fault(self, column: str, allowed: str) -> None:
        """Put down a fault of a column."""
        self._faults.append(
            f"line {self.line}, {column}: {self._values[column]!r} is not allowed; it is {allowed}"
        )

    def text(self, column: str, *, needed: bool = True) -> str:
        """Some words."""
        value = self._values[column]
        if needed and not value:
            self.fault(column, "some words")
        return value

    def choice(self, column: str, allowed: Sequence[str]) -> str:
        """One of a few words."""
        if self._values[column] not in allowed:
            self.fault(column, f"{', '.join(allowed[:-1])} or {allowed[-1]}")
        return self._values[column]

    def number(self, column: str, lowest: float, highest: float) -> float:
        """A number within bounds, which are allowed too."""
        try:
            value = float(self._values[column])
        except ValueError:
            value = float("nan")
        if not lowest <= value <= highest:
            self.fault(column, f"a number from {lowest:g} to {highest:g}")
        return value

    def day(self, column: str, latest: date) -> date:
        """A date that is not in the future."""
        value = self._values[column]
        try:
            day = date.fromisoformat(value) if len(value) == 10 else date.max
        except ValueError:
            day = date.max
        if day > latest:
            self.fault(column, f"a day as 2026-04-01, not after {latest}")
        return day


def read_file(file: Path) -> str:
    """A text file in UTF-8, with or without byte order mark. Raises DirectoryError."""
    try:
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DirectoryError([f"{file}: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise DirectoryError([f"{file}: byte {error.start} is not UTF-8; save the file as UTF-8"]) from None


def read_table(text: str, columns: Sequence[str], entry: Callable[[Row], T]) -> list[T]:
    """All rows of a CSV text whose first line names exactly these columns, in any order.

    `entry` makes one of a row, and puts faults down on it. Raises DirectoryError.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    faults: list[str] = []
    entries: list[T] = []
    try:
        heading = [name.strip() for name in next(reader, list[str]())]
        if sorted(heading) != sorted(columns):
            raise DirectoryError([f"line 1: the columns are {', '.join(columns)}, and no others"])
        for values in reader:
            if not any(value.strip() for value in values):
                continue
            if len(values) != len(heading):
                faults.append(
                    f"line {reader.line_num}: {len(values)} columns where the first line names {len(heading)}"
                )
                continue
            stripped = (value.strip() for value in values)
            entries.append(entry(Row(reader.line_num, dict(zip(heading, stripped, strict=True)), faults)))
    except csv.Error as error:
        faults.append(f"line {reader.line_num}: not CSV: {error}")
    if not entries and not faults:
        faults.append("line 2: there is no row; a directory has at least one")
    if faults:
        raise DirectoryError(faults)
    return entries
