"""Why the detector says what it says: stable codes, and one sentence of each in Japanese and English.

Codes are stored with impacts and shown to operators; they are added to, never renamed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Reason(StrEnum):
    """One thing that led to, or qualifies, a finding."""

    # what speaks for an impact
    VELOCITY_CHANGE = "velocity_change"
    MULTIPLE = "multiple"
    ROLLOVER = "rollover"
    STOPPED_AFTER = "stopped_after"
    # what speaks against one
    WEAK = "weak"
    BRAKING = "braking"
    DROPPED = "dropped"
    THROWN = "thrown"
    LOOSE = "loose"
    CARRIED = "carried"
    ROAD = "road"
    SPIKE = "spike"
    CONTRADICTED = "contradicted"
    UNCONVINCING = "unconvincing"
    # what qualifies the figures
    CLIPPED = "clipped"
    COMPLETED = "completed"
    BORDERLINE = "borderline"
    GAP = "gap"
    NOT_ENDED = "not_ended"
    TURNED = "turned"
    NO_MOUNT = "no_mount"
    MOUNT_CHANGED = "mount_changed"
    LOWPASS_UNKNOWN = "lowpass_unknown"
    LOWPASS_HIGH = "lowpass_high"
    LOW_RATE = "low_rate"
    SPEED_UNCHANGED = "speed_unchanged"
    PARKED = "parked"


SENTENCES: Final[dict[Reason, dict[str, str]]] = {
    Reason.VELOCITY_CHANGE: {
        "ja": "ブレーキやハンドル操作では起こらない、水平方向の急な速度変化がありました。",
        "en": "The velocity changed sideways or lengthways faster than brakes or steering can do it.",
    },
    Reason.MULTIPLE: {
        "ja": "5秒以内に2回以上の衝撃がありました。",
        "en": "There were two or more shocks within five seconds.",
    },
    Reason.ROLLOVER: {
        "ja": "衝撃のあと、傾きが60度を超えたままです。横転のおそれがあります。",
        "en": "After the shock the device rests more than 60 degrees from where it was: the car may have rolled over.",
    },
    Reason.STOPPED_AFTER: {
        "ja": "衝撃の直後に停車しました。",
        "en": "The car came to a stop right after the shock.",
    },
    Reason.WEAK: {
        "ja": "速度変化が小さく、衝突とはいえません。",
        "en": "The velocity change was too small for a collision.",
    },
    Reason.BRAKING: {
        "ja": "速度変化が緩やかで、急ブレーキや急ハンドルで説明できます。",
        "en": "The velocity changed no faster than hard braking or steering would explain.",
    },
    Reason.DROPPED: {
        "ja": "衝撃の前に機器が落下していました。",
        "en": "The device was falling freely before the shock.",
    },
    Reason.THROWN: {
        "ja": "衝撃の直後に機器が宙に浮きました。手で投げられたものとみられます。",
        "en": "The device was in free fall right after a soft shock, as when thrown by hand.",
    },
    Reason.LOOSE: {
        "ja": "機器が落下した直後のため、車の動きを表していません。",
        "en": "The device had just been dropped, so its motion says nothing about the car.",
    },
    Reason.CARRIED: {
        "ja": "弱い動きのあと機器の向きが変わりました。手で動かされたものとみられます。",
        "en": "After a soft motion the device rests turned, as when moved by hand.",
    },
    Reason.ROAD: {
        "ja": "衝撃はほとんど上下方向でした。路面の段差とみられます。",
        "en": "The shock was nearly all up and down, as from the road.",
    },
    Reason.SPIKE: {
        "ja": "1サンプルだけの値で、センサーの誤りとみられます。",
        "en": "A single sample made the shock: a sensor error.",
    },
    Reason.CLIPPED: {
        "ja": "センサーの測定範囲を超えたため、速度変化は下限の推定値です。",
        "en": "The sensor went beyond its range, so the velocity change is an estimate and may be higher.",
    },
    Reason.GAP: {
        "ja": "衝撃の前後でデータの一部が届いていません。",
        "en": "Some of the data around the shock did not arrive.",
    },
    Reason.NOT_ENDED: {
        "ja": "衝撃の終わりまでのデータがまだ届いていません。",
        "en": "The data end before the shock does.",
    },
    Reason.TURNED: {
        "ja": "衝撃のあと、機器の向きが変わりました。",
        "en": "After the shock the device rests turned.",
    },
    Reason.NO_MOUNT: {
        "ja": "機器の取り付け向きが分からないため、衝突の方向は求められません。",
        "en": "How the device is mounted is not known, so the direction of the force is not either.",
    },
    Reason.MOUNT_CHANGED: {
        "ja": "機器の取り付け向きが変わっているため、衝突の方向は求められません。",
        "en": "The device no longer sits as it was mounted, so the direction of the force is not known.",
    },
    Reason.COMPLETED: {
        "ja": "センサーの測定範囲を超えた分は、GPSで見た急な減速から補いました。",
        "en": "What lay beyond the sensor's range was completed from the speed the car lost at once by GPS.",
    },
    Reason.BORDERLINE: {
        "ja": "速度変化は誤差の範囲で時速8キロに達しているため、軽い衝撃として扱います。",
        "en": "The velocity change may have reached 8 km/h within its uncertainty, and counts as light.",
    },
    Reason.CONTRADICTED: {
        "ja": "前後方向の強い衝撃の前後で、GPSの速度が変わっていません。車への衝撃ではありません。",
        "en": "A strong push along the car's way left its speed by GPS unchanged: the car was not hit.",
    },
    Reason.UNCONVINCING: {
        "ja": "衝突に特有の特徴が弱いため、軽い接触として記録しました。",
        "en": "It hardly looks like a collision, and is recorded as a knock.",
    },
    Reason.LOWPASS_UNKNOWN: {
        "ja": "センサーの低域フィルターの設定が不明です。",
        "en": "The sensor's low-pass setting is not known.",
    },
    Reason.LOWPASS_HIGH: {
        "ja": "センサーの低域フィルターが高すぎるため、速度変化の誤差が大きい可能性があります。",
        "en": "The sensor's low-pass is too high for its rate, so the velocity change may be far off.",
    },
    Reason.LOW_RATE: {
        "ja": "測定の頻度が低いため、速度変化の誤差が大きい可能性があります。",
        "en": "The motion was sampled slowly, so the velocity change may be off.",
    },
    Reason.SPEED_UNCHANGED: {
        "ja": "GPSの速度は衝撃の前後で変わっていません。",
        "en": "By GPS the speed was the same before and after the shock.",
    },
    Reason.PARKED: {
        "ja": "停車中の衝撃です。",
        "en": "The car was standing when the shock came.",
    },
}


def sentence(code: str, language: str) -> str:
    """The sentence of a code in "ja" or "en"; a code unknown here comes back as it is."""
    try:
        return SENTENCES[Reason(code)][language]
    except (ValueError, KeyError):
        return code
