"""Values that requests are made of: checked once, with words that say what is expected."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from incident.wording import JAPAN_TIME

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_SEPARATORS: Final = re.compile(r"[\s().\-\u2010-\u2015\u2212\u30fc]")  # with the dashes people type
_LINE_BREAKS: Final = frozenset("\n\t\r")


class Request(BaseModel):
    """A request's body: a member that is not known is an error, because it may be a misspelt one."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Request):
    """An empty object."""


def e164(text: str) -> str:
    """A telephone number as ITU-T E.164 writes it; separators and full-width digits are taken away.

    Raises ValueError with what to write instead.
    """
    number = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text))
    if not number.startswith("+"):
        raise ValueError("write the number with its country code, as +819012345678")
    if number.startswith("+810"):
        raise ValueError("leave out the 0 behind +81, as in +819012345678")
    if not _E164.fullmatch(number):
        raise ValueError("a telephone number is + and 7 to 15 digits, as +819012345678")
    return number


def _printable(text: str) -> str:
    if any(unicodedata.category(char) == "Cc" and char not in _LINE_BREAKS for char in text):
        raise ValueError("control characters are not allowed")
    return text


def _one_line(text: str) -> str:
    if _LINE_BREAKS & frozenset(text):
        raise ValueError("line breaks are not allowed")
    return _printable(text)


def _begun(year: int) -> int:
    if year > datetime.now(JAPAN_TIME).year:
        raise ValueError("this year of birth lies in the future")
    return year


Phone = Annotated[
    str,
    Field(description="Telephone number, E.164.", examples=["+819012345678"], max_length=40),
    AfterValidator(e164),
]
Email = Annotated[
    str,
    Field(
        max_length=254,
        # As browsers check it: one address, no display name, no line break that could become a header.
        pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
        r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$",
        description="One e-mail address.",
        examples=["taro@example.jp"],
    ),
]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(_one_line),
]
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100), AfterValidator(_one_line)]
Prose = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=4000),
    AfterValidator(_printable),
]
BirthYear = Annotated[int, Field(ge=1900, description="1900 to this year."), AfterValidator(_begun)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False, description="WGS 84, degrees.")]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False, description="WGS 84, degrees.")]
ClockTime = Annotated[
    str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="A time of day, as 08:30.")
]
PolicyId = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9-]{3,40}$", description="3 to 40 letters, digits and hyphens.")
]
ThingId = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{2,39}$",
        description="3 to 40 letters, digits, hyphens and underscores, beginning with a letter or digit.",
    ),
]


def examples(*values: Mapping[str, Any]) -> ConfigDict:
    """A model's examples, for its documentation."""
    return ConfigDict(json_schema_extra={"examples": [dict(value) for value in values]})


class BothLanguages(BaseModel):
    """The same in Japanese and English."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"ja": "警備員が到着しました。", "en": "The guard has arrived."}]}
    )

    ja: str
    en: str
