"""What a printed document is made of: plain values that the template sets one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from api.dossier.glyphs import printable
from schemas.incident import Language

Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with their values, beside each other; what has no value is left out."""

    rows: Sequence[tuple[str, str]]
    type: Literal["facts"] = "facts"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below headings, which stand again on each page. A width is in shares of the line, 0 as needed."""

    headings: Row
    widths: Sequence[float]
    rows: Sequence[Row]
    type: Literal["table"] = "table"


@dataclass(frozen=True, slots=True)
class Prose:
    """A paragraph; `quiet` is small print."""

    text: str
    quiet: bool = False
    type: Literal["prose"] = "prose"


@dataclass(frozen=True, slots=True)
class Figures:
    """Drawings (SVG, and a caption) beside each other."""

    figures: Sequence[tuple[str, str]]
    type: Literal["figures"] = "figures"


Block = Facts | Table | Prose | Figures


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, and what stands below it."""

    heading: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole document. `foot` stands on every page; `page` is "{} / {}" in its language."""

    language: Language
    title: str
    subtitle: str
    headline: str
    facts: Facts
    sections: Sequence[Section]
    foot: Row
    page: str

    def data(self) -> dict[str, Any]:
        """What the template reads; every text made fit for print, drawings as they are."""
        return {
            "lang": str(self.language),
            "title": printable(self.title),
            "subtitle": printable(self.subtitle),
            "headline": printable(self.headline),
            "facts": _block(self.facts),
            "sections": [
                {"heading": printable(section.heading), "blocks": [_block(block) for block in section.blocks]}
                for section in self.sections
            ],
            "foot": [printable(line) for line in self.foot],
            "page": self.page,
        }


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Facts(rows):
            return {"type": block.type, "rows": [[printable(each) for each in row] for row in rows if row[1]]}
        case Table(headings, widths, rows):
            return {
                "type": block.type,
                "headings": [printable(each) for each in headings],
                "widths": list(widths),
                "rows": [[printable(each) for each in row] for row in rows],
            }
        case Prose(text, quiet):
            return {"type": block.type, "text": printable(text), "quiet": quiet}
        case Figures(figures):
            return {
                "type": block.type,
                "figures": [{"svg": svg, "caption": printable(caption)} for svg, caption in figures],
            }
