"""The outline of Japan, prefecture by prefecture: main islands only, good to about a kilometre.

It comes from the data file of the package japanmap (Apache 2.0), whose code is not run.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

SOURCE: Final = "japanmap (Apache License 2.0)"
_NAMES: Final = """\
北海道 Hokkaido 青森 Aomori 岩手 Iwate 宮城 Miyagi 秋田 Akita 山形 Yamagata 福島 Fukushima 茨城 Ibaraki
栃木 Tochigi 群馬 Gunma 埼玉 Saitama 千葉 Chiba 東京 Tokyo 神奈川 Kanagawa 新潟 Niigata 富山 Toyama
石川 Ishikawa 福井 Fukui 山梨 Yamanashi 長野 Nagano 岐阜 Gifu 静岡 Shizuoka 愛知 Aichi 三重 Mie
滋賀 Shiga 京都 Kyoto 大阪 Osaka 兵庫 Hyogo 奈良 Nara 和歌山 Wakayama 鳥取 Tottori 島根 Shimane
岡山 Okayama 広島 Hiroshima 山口 Yamaguchi 徳島 Tokushima 香川 Kagawa 愛媛 Ehime 高知 Kochi 福岡 Fukuoka
佐賀 Saga 長崎 Nagasaki 熊本 Kumamoto 大分 Oita 宮崎 Miyazaki 鹿児島 Kagoshima 沖縄 Okinawa
"""


@dataclass(frozen=True, slots=True)
class Prefecture:
    """Its names, and its border as (n, 2) degrees of longitude and latitude."""

    ja: str
    en: str
    ring_deg: NDArray[np.float64]


@lru_cache(maxsize=1)
def prefectures() -> tuple[Prefecture, ...]:
    """All 47, in the order of their codes."""
    file = Path(str(distribution("japanmap").locate_file("japanmap/japan.json")))
    points, borders = json.loads(file.read_text(encoding="utf-8"))
    lon_lat = np.array([point for point, _ in points], dtype=np.float64)
    names = _NAMES.split()
    return tuple(
        Prefecture(ja, en, lon_lat[[index for _, part in border for index in part]])
        for ja, en, border in zip(names[::2], names[1::2], borders, strict=True)
    )
