"""What is written to drivers: pushes and SMS, by the name of their wording."""

from __future__ import annotations

from typing import Final

from incident.wording.facts import EN, JA, Facts
from schemas.incident import Language

_PUSH_SEVERE: Final = {
    JA: "お車から緊急の知らせを受け取りました。すぐにお電話します。"
    "[大丈夫です] [助けが必要] [救急車] [電話がほしい]",
    EN: "We received an emergency signal from your car and are calling you. "
    "[I'm fine] [Send help] [Ambulance] [Call me]",
}
_TEXTS: Final[dict[tuple[str, str], dict[Language, str]]] = {
    ("push", "severe"): _PUSH_SEVERE,
    ("push", "late"): _PUSH_SEVERE,
    ("push", "moderate"): {
        JA: "衝撃を検知しました。大丈夫ですか。[大丈夫です] [助けが必要] [救急車] [電話がほしい]",
        EN: "We noticed an impact. Are you all right? [I'm fine] [Send help] [Ambulance] [Call me]",
    },
    ("push", "light"): {
        JA: "お車に軽い衝撃がありました。お困りのことはありますか。走行中は操作しないでください。",
        EN: "Your car had a light impact. Do you need anything? Please do not use the phone while driving.",
    },
    ("push", "trouble"): {
        JA: "ボタンが押されました。どうされましたか。[事故] [故障] [押し間違い]",
        EN: "Your button was pressed. What happened? [Accident] [Breakdown] [By mistake]",
    },
    ("sms", "light"): {
        JA: "【{insurer}】{time}ごろ、お車に軽い衝撃がありました。"
        "お困りのことがあれば、お電話かアプリでお知らせください。"
        "走行中は操作しないでください。",
        EN: "[{insurer}] Your car had a light impact at about {time}. If you need anything, call us or use the app. "
        "Please do not use the phone while driving.",
    },
    ("push", "help_accepted"): {
        JA: "{unit}が向かっています。到着の見込みは{eta}ごろです。",
        EN: "{unit} is on the way and expected at about {eta}.",
    },
    ("sms", "help_accepted"): {
        JA: "【{insurer}】{unit}が向かっています。到着の見込みは{eta}ごろです。",
        EN: "[{insurer}] {unit} is on the way and expected at about {eta}.",
    },
    ("push", "help_accepted_without_eta"): {
        JA: "{unit}が向かっています。到着の見込みは、決まり次第お知らせします。",
        EN: "{unit} is on the way. We will tell you when it will arrive as soon as it is settled.",
    },
    ("sms", "help_accepted_without_eta"): {
        JA: "【{insurer}】{unit}が向かっています。到着の見込みは、決まり次第お知らせします。",
        EN: "[{insurer}] {unit} is on the way. We will tell you when it will arrive as soon as it is settled.",
    },
}
_GENERAL: Final = {
    JA: "【{insurer}】お車からの知らせを受け取りました。お困りのことはありますか。",
    EN: "[{insurer}] We received a signal from your car. Do you need anything?",
}


def text(channel: str, template: str, facts: Facts, language: Language) -> str:
    """The body of a push or SMS; a plan's rule without words of its own gets a general question."""
    if template == "help_accepted" and not facts.eta:
        template = "help_accepted_without_eta"
    words = _TEXTS.get((channel, template), _GENERAL)[language]
    return words.format(insurer=facts.insurer(language), time=facts.time, unit=facts.unit, eta=facts.eta)
