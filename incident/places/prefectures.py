"""The 47 prefectures by the first two digits of a municipality's code (JIS X 0401)."""

from __future__ import annotations

from typing import Final

from incident.places.place import Words

_NAMES: Final = """
北海道 Hokkaido, 青森県 Aomori, 岩手県 Iwate, 宮城県 Miyagi, 秋田県 Akita, 山形県 Yamagata, 福島県 Fukushima,
茨城県 Ibaraki, 栃木県 Tochigi, 群馬県 Gunma, 埼玉県 Saitama, 千葉県 Chiba, 東京都 Tokyo, 神奈川県 Kanagawa,
新潟県 Niigata, 富山県 Toyama, 石川県 Ishikawa, 福井県 Fukui, 山梨県 Yamanashi, 長野県 Nagano, 岐阜県 Gifu,
静岡県 Shizuoka, 愛知県 Aichi, 三重県 Mie, 滋賀県 Shiga, 京都府 Kyoto, 大阪府 Osaka, 兵庫県 Hyogo, 奈良県 Nara,
和歌山県 Wakayama, 鳥取県 Tottori, 島根県 Shimane, 岡山県 Okayama, 広島県 Hiroshima, 山口県 Yamaguchi,
徳島県 Tokushima, 香川県 Kagawa, 愛媛県 Ehime, 高知県 Kochi, 福岡県 Fukuoka, 佐賀県 Saga, 長崎県 Nagasaki,
熊本県 Kumamoto, 大分県 Oita, 宮崎県 Miyazaki, 鹿児島県 Kagoshima, 沖縄県 Okinawa
"""
_BY_NUMBER: Final = {
    f"{number:02d}": Words(*entry.split()) for number, entry in enumerate(_NAMES.strip().split(","), start=1)
}

_CITIES_WITH_WARDS: Final = [
    "01100",
    "04100",
    "11100",
    "12100",
    "14100",
    "14130",
    "14150",
    "15100",
    "22100",
    "22130",
    "23100",
    "26100",
    "27100",
    "27140",
    "28100",
    "33100",
    "34100",
    "40100",
    "40130",
    "43100",
]


def prefecture(code: str) -> Words | None:
    """The prefecture of a municipality's code; None where there is none with that number."""
    return _BY_NUMBER.get(code[:2])


def city_of(code: str) -> str:
    """The city a ward belongs to, by code; any other code as it is. Tokyo's wards are their own.

    Wards are numbered on from their city's code, and end before 200.
    """
    cities = [city for city in _CITIES_WITH_WARDS if city[:2] == code[:2] and city <= code < f"{code[:2]}200"]
    return max(cities, default=code)


def five_digits(code: str) -> str | None:
    """A municipality's code without its check digit; None where it cannot be one.

    The sixth digit is 11 less the weighted sum modulo 11, its last digit (JIS X 0402, weights 6 to 2).
    """
    if not (code.isascii() and code.isdigit()) or len(code) not in {5, 6} or prefecture(code) is None:
        return None
    if code[2:5] == "000":
        return None
    weighted = sum(int(digit) * weight for digit, weight in zip(code[:5], (6, 5, 4, 3, 2), strict=True))
    if len(code) == 6 and int(code[5]) != (11 - weighted % 11) % 10:
        return None
    return code[:5]
