"""Text made fit for print: what the font cannot show, or would turn the line about, is shown as 〔U+XXXX〕."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

from fontTools.ttLib import TTFont

FONT: Final = "IPAexGothic"
_BREAKS: Final = " \n-"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_UNSEEN: Final = "\u200b"
_PIECE: Final = 6
_WIDEST_RUN_EM: Final = 7.5
_LETTER_EM: Final = 0.55
_WIDE: Final = frozenset("ABCDEFGHKMNOPQRSTUVWXYZmw@%—…")
_WIDE_EM: Final = 0.9


def font_folder() -> Path:
    """Where the font lies. Raises PackageNotFoundError."""
    return Path(str(distribution("matplotlib-fontja").locate_file("matplotlib_fontja/fonts")))


def printable(text: str) -> str:
    """The text with nothing in it that would be lost, overlap or break the page.

    Runs too wide for a narrow column get places to break that are not seen.
    """
    known = _coverage()
    parts: list[str] = []
    run: list[str] = []
    for char in unicodedata.normalize("NFC", text):
        shown = " " if char == "\t" else char
        if char != "\n" and (ord(shown) not in known or unicodedata.category(shown)[0] == "C"):
            shown = f"〔U+{ord(char):04X}〕"
        if shown in _BREAKS or unicodedata.east_asian_width(shown[0]) in "WF":
            parts += [*_broken(run), shown]
            run = []
        else:
            run.append(shown)
    return "".join([*parts, *_broken(run)])


def _broken(run: list[str]) -> list[str]:
    """A run without a place to break, with some where it is too wide.

    A digest is left alone: who copies it out of the document must get nothing else.
    """
    if (
        _DIGEST.fullmatch("".join(run))
        or sum(_WIDE_EM if char in _WIDE else _LETTER_EM for char in run) <= _WIDEST_RUN_EM
    ):
        return run
    return [_UNSEEN.join("".join(run[at : at + _PIECE]) for at in range(0, len(run), _PIECE))]


@lru_cache(maxsize=1)
def _coverage() -> frozenset[int]:
    with TTFont(font_folder() / "ipaexg.ttf", lazy=True) as font:
        return frozenset(font.getBestCmap() or ())
