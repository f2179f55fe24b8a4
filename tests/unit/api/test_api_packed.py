"""Answers that are compressed on the way."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from api.packed import accepts, packed, packed_file

LARGE = b'{"incidents":[]}' * 200


@pytest.mark.parametrize(
    ("header", "understood"),
    [
        ("gzip, deflate, br", True),
        ("br;q=1.0, GZIP;q=0.8", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
    ],
)
def test_it_is_known_who_understands_it(header: str, understood: bool) -> None:
    assert accepts(header) is understood


def test_what_is_large_is_compressed_for_who_understands() -> None:
    answer = packed(LARGE, "application/json", "gzip")
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(bytes(answer.body)) == LARGE
    assert int(answer.headers["content-length"]) == len(bytes(answer.body)) < len(LARGE)
    plain = packed(LARGE, "application/json", "")
    assert bytes(plain.body) == LARGE
    assert "content-encoding" not in plain.headers
    assert answer.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"


def test_what_is_small_is_not() -> None:
    assert "content-encoding" not in packed(b"{}", "application/json", "gzip").headers


def test_a_file_is_compressed(tmp_path: Path) -> None:
    file = tmp_path / "index-1a2b.js"
    file.write_bytes(LARGE)
    assert gzip.decompress(bytes(packed_file(str(file), "text/javascript").body)) == LARGE
