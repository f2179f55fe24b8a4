"""Text made fit for print: what the font cannot show, or would turn the line about, is shown as 〔U+XXXX〕."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

from fontTools.ttLib import TTFont

FONT: Final = "IPAexGothic"
_LONGEST_RUN: Final = 24
_BREAK: Final = "\u200b"


def font_folder() -> Path:
    """Where the font lies. Raises PackageNotFoundError."""
    return Path(str(distribution("matplotlib-fontja").locate_file("matplotlib_fontja/fonts")))


def printable(text: str) -> str:
    """The text with nothing in it that would be lost, overlap or break the page.

    Long runs without a place to break get one that is not seen.
    """
    known = _coverage()
    parts: list[str] = []
    run = 0
    for char in unicodedata.normalize("NFC", text):
        if char == "\n":
            parts.append(char)
            run = 0
            continue
        shown = " " if char == "\t" else char
        if ord(shown) not in known or unicodedata.category(shown)[0] == "C":
            shown = f"〔U+{ord(char):04X}〕"
        run = 0 if char.isspace() or unicodedata.east_asian_width(char) in "WF" else run + len(shown)
        if run > _LONGEST_RUN:
            parts.append(_BREAK)
            run = len(shown)
        parts.append(shown)
    return "".join(parts)


@lru_cache(maxsize=1)
def _coverage() -> frozenset[int]:
    with TTFont(font_folder() / "ipaexg.ttf", lazy=True) as font:
        return frozenset(font.getBestCmap() or ())
