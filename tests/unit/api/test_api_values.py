"""Numbers, reasons, tokens and shards."""

from __future__ import annotations

from collections import Counter

import pytest
from pydantic import SecretStr

from api.access import spoken_reason
from api.devices import shard_of
from api.fields import e164
from api.stream import now_or
from api.tokens import Identity, Role, Tokens
from runtime.settings import Settings
from schemas.topics import SHARDS


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+819012345678", "+819012345678"),
        ("+81 90-1234-5678", "+819012345678"),
        (" +81 (90) 1234.5678 ", "+819012345678"),
        ("＋８１９０１２３４５６７８", "+819012345678"),
        ("+81ー90ー1234ー5678", "+819012345678"),
        ("+81‐90−1234–5678", "+819012345678"),
        ("+1 202 555 0123", "+12025550123"),
        ("+1234567", "+1234567"),
        ("+123456789012345", "+123456789012345"),
    ],
)
def test_a_number_is_brought_into_one_form(written: str, number: str) -> None:
    assert e164(written) == number


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("090-1234-5678", "country code"),
        ("0081 90 1234 5678", "country code"),
        ("", "country code"),
        ("119", "country code"),
        ("+81 090 1234 5678", "leave out the 0"),
        ("+81(0)90-1234-5678", "leave out the 0"),
        ("+0123456789", "7 to 15 digits"),
        ("+123456", "7 to 15 digits"),
        ("+1234567890123456", "7 to 15 digits"),
        ("+8190123x5678", "7 to 15 digits"),
        ("++819012345678", "7 to 15 digits"),
        ("+819012345678;ext=1", "7 to 15 digits"),
        ("+٨١٩٠١٢٣٤٥٦٧٨", "7 to 15 digits"),
    ],
)
def test_what_is_no_number_is_refused_with_what_to_write(written: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        e164(written)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (None, "incident work"),
        ("", "incident work"),
        ("   ", "incident work"),
        ("call back", "call back"),
        ("%E6%8A%98%E3%82%8A%E8%BF%94%E3%81%97", "折り返し"),
        ("折り返し".encode().decode("latin-1"), "折り返し"),
        ("caf\xe9", "café"),
        ("a%00%0Ab", "ab"),
        ("%00", "incident work"),
        ("x" * 300, "x" * 200),
    ],
)
def test_a_reason_is_understood_however_a_header_can_carry_it(header: str | None, reason: str) -> None:
    assert spoken_reason(header) == reason


def tokens(**settings: object) -> Tokens:
    given = {"secret_key": SecretStr("key"), "admin_token": SecretStr("a"), **settings}
    return Tokens(Settings(_env_file=None, **given))  # type: ignore[arg-type]


def test_tokens_say_who_comes() -> None:
    known = tokens(operator_tokens={"sato": SecretStr("s"), "mori": SecretStr("m")})
    assert known.identify("a") == Identity(Role.ADMIN, "admin")
    assert known.identify("m") == Identity(Role.OPERATOR, "mori")
    for role in (Role.UNIT, Role.PROVIDER, Role.DRIVER):
        found = known.identify(known.sign(Identity(role, "guard-1", 7)))
        assert found == Identity(role, "guard-1")
        assert found is not None
        assert found.number == 7
    guard = known.sign(Identity(Role.UNIT, "guard-1", 7))
    for stranger in ("", "b", "A", "s ", guard.upper(), "é", "\x00", "a" * 10_000):
        assert known.identify(stranger) is None
    assert tokens(secret_key=SecretStr("other")).identify(guard) is None


def test_an_empty_setting_lets_nobody_in() -> None:
    known = tokens(admin_token=SecretStr(""), operator_tokens={"sato": SecretStr("")})
    assert known.identify("") is None
    with pytest.raises(ValueError, match="SECRET_KEY"):
        tokens(secret_key=SecretStr(""))


def test_shards_are_stable_and_even() -> None:
    # Fixed for ever: a device keeps the topics it was given.
    assert [shard_of(f"car-{number:04d}") for number in range(4)] == ["07", "07", "0c", "0c"]
    counted = Counter(shard_of(f"car-{number}") for number in range(16_000))
    assert set(counted) == set(SHARDS)
    assert max(counted.values()) < 1.3 * min(counted.values())


@pytest.mark.parametrize(("after", "begin"), [(None, 9), (0, 0), (8, 8), (9, 9), (10, 9)])
def test_a_stream_begins_at_what_exists(after: int | None, begin: int) -> None:
    assert now_or(after, 9) == begin
