"""What is written to people: pushes, SMS and mail, by the name of their wording."""

from __future__ import annotations

from typing import Final

from incident.wording.facts import EN, JA, Facts
from schemas.incident import Language, Trigger

_PUSH_SEVERE: Final = {
    JA: "緊急の{signal}を受け取りました。すぐにお電話します。"
    "[大丈夫です] [助けが必要] [救急車] [電話がほしい]",
    EN: "We received {signal} and are calling you. [I'm fine] [Send help] [Ambulance] [Call me]",
}
_PUSH_SEVERE_IN_WRITING: Final = {
    JA: "緊急の{signal}を受け取りました。お電話はせず、文字でご連絡します。"
    "[大丈夫です] [助けが必要] [救急車] [連絡がほしい]",
    EN: "We received {signal}. We write to you and do not ring you. "
    "[I'm fine] [Send help] [Ambulance] [Write to me]",
}
_TEXTS: Final[dict[tuple[str, str], dict[Language, str]]] = {
    ("push", "severe"): _PUSH_SEVERE,
    ("push", "late"): _PUSH_SEVERE,
    ("push", "severe_in_writing"): _PUSH_SEVERE_IN_WRITING,
    ("push", "late_in_writing"): _PUSH_SEVERE_IN_WRITING,
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
        "お困りのことがあれば、こちらからお知らせください: {link} "
        "走行中は操作しないでください。",
        EN: "[{insurer}] Your car had a light impact at about {time}. If you need anything, tell us here: {link} "
        "Please do not use the phone while driving.",
    },
    ("sms", "operator_wrote"): {
        JA: "【{insurer}】担当者からのメッセージがあります。こちらでお読みになり、お返事ください: {link}",
        EN: "[{insurer}] There is a message from us. Please read and answer it here: {link}",
    },
    ("push", "operator_wrote"): {
        JA: "担当者からのメッセージがあります。",
        EN: "There is a message from us.",
    },
    ("sms", "link"): {
        JA: "【{insurer}】こちらからお答えください: {link}",
        EN: "[{insurer}] Please answer here: {link}",
    },
    ("sms", "wrote"): {
        JA: "【{insurer}】メッセージを受け取り、担当者を呼んでいます。こちらからもお答えください: {link} "
        "急ぐ場合は、119番または110番に直接おかけください。",
        EN: "[{insurer}] We have your message and are calling a person to it. You can also answer here: {link} "
        "If it is urgent, dial 119 or 110 yourself.",
    },
    ("sms", "unknown_writer"): {
        JA: "【{insurer}】この番号の方のご契約が見つからず、メッセージは担当者に届いていません。"
        "助けが必要な場合は、この番号にお電話ください。急ぐ場合は、119番または110番に直接おかけください。",
        EN: "[{insurer}] We do not know your number, so nobody reads your message. If you need help, please call "
        "this number. If it is urgent, dial 119 or 110 yourself.",
    },
    ("mail", "report"): {
        JA: "{name}様\n\n"
        "{time}ごろ、{signal}を受け取り、対応いたしました。この件の受付は終了しています。\n\n"
        "事故の場合は、けがの有無にかかわらず、警察(110番)への届け出が必要です。"
        "届け出がお済みでない場合は、お早めにお願いいたします。\n"
        "あとから痛みが出ることがあります。その場合は、医師の診察をお受けください。\n\n"
        "対応の記録は、アプリでご覧いただけます。\n\n"
        "{insurer} 事故受付\n"
        "このメールは送信専用です。\n",
        EN: "Dear {name},\n\n"
        "At about {time} we received {signal} and dealt with it. The matter is closed.\n\n"
        "After an accident you must report to the police, 110, whether or not anyone is hurt. "
        "If you have not done so yet, please do it soon.\n"
        "Pain may begin later. If it does, please see a doctor.\n\n"
        "You find the record of what was done in the app.\n\n"
        "{insurer}, accident desk\n"
        "Please do not reply to this mail.\n",
    },
    ("push", "expressway"): {
        JA: "緊急の{signal}を受け取りました。ハザードランプをつけ、"
        "車を降りて、ガードレールの外側に避難してください。"
        "110番または道路緊急ダイヤル #9910 へ。[大丈夫です] [助けが必要] [救急車] [電話がほしい]",
        EN: "We received {signal}. Switch the hazard lights on, leave the car and stand "
        "behind the guard rail. Call 110 or #9910. [I'm fine] [Send help] [Ambulance] [Call me]",
    },
    ("sms", "expressway"): {
        JA: "【{insurer}】{signal}を受け取りました。ハザードランプをつけ、"
        "車を降りて、ガードレールの外側に避難してください。"
        "車の後ろに立たないでください。110番または #9910 へ。",
        EN: "[{insurer}] We received {signal}. Hazard lights on, leave the car, stand behind the guard "
        "rail, never behind the car. Call 110 or #9910.",
    },
    ("push", "ambulance_accepted"): {
        JA: "消防に救急車を要請し、受け付けられました。安全な場所でお待ちください。",
        EN: "The fire headquarters has accepted the request for an ambulance. Please wait in a safe place.",
    },
    ("sms", "ambulance_accepted"): {
        JA: "【{insurer}】消防に救急車を要請し、受け付けられました。安全な場所でお待ちください。",
        EN: "[{insurer}] The fire headquarters has accepted the request for an ambulance. "
        "Please wait in a safe place.",
    },
    ("sms", "reach_text"): {
        JA: "【{insurer}】{time}ごろ、{signal}を受け取りました。まず、安全な場所にいてください。"
        "けがをされた方はいますか。こちらからお答えください: {link}",
        EN: "[{insurer}] We received {signal} at about {time}. First, please be in a safe place. "
        "Is anyone hurt? Please answer here: {link}",
    },
    ("push", "help_late"): {
        JA: "到着が遅れています。新しい見込みは{eta}ごろです。申し訳ありません。",
        EN: "Help is late. It is now expected at about {eta}. We are sorry.",
    },
    ("sms", "help_late"): {
        JA: "【{insurer}】到着が遅れています。新しい見込みは{eta}ごろです。申し訳ありません。",
        EN: "[{insurer}] Help is late. It is now expected at about {eta}. We are sorry.",
    },
    ("push", "help_late_without_eta"): {
        JA: "到着が遅れています。新しい見込みは、分かり次第お知らせします。申し訳ありません。",
        EN: "Help is late. We will tell you when it will arrive as soon as we know. We are sorry.",
    },
    ("sms", "help_late_without_eta"): {
        JA: "【{insurer}】到着が遅れています。新しい見込みは、分かり次第お知らせします。申し訳ありません。",
        EN: "[{insurer}] Help is late. We will tell you when it will arrive as soon as we know. We are sorry.",
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
_FROM_CAR: Final = {JA: "お車からの知らせ", EN: "a signal from your car"}
_SIGNALS: Final = {
    Trigger.PHONE_CRASH: {JA: "スマートフォンからの知らせ", EN: "a signal from your phone"},
    Trigger.CALL: {JA: "ご連絡", EN: "word about you"},
}
_GENERAL: Final = {
    JA: "【{insurer}】{signal}を受け取りました。お困りのことはありますか。",
    EN: "[{insurer}] We received {signal}. Do you need anything?",
}
_GENERAL_SMS: Final = {
    JA: "【{insurer}】{signal}を受け取りました。お困りのことがあれば、こちらからお知らせください: {link}",
    EN: "[{insurer}] We received {signal}. If you need anything, tell us here: {link}",
}
_SUBJECTS: Final = {
    "report": {
        JA: "【{insurer}】{time}ごろの{signal}について",
        EN: "[{insurer}] {time}: {signal}",
    },
}


def text(channel: str, template: str, facts: Facts, language: Language) -> str:
    """The body of a push, SMS or mail; a plan's rule without words of its own gets a general question."""
    if template in ("help_accepted", "help_late") and not facts.eta:
        template += "_without_eta"
    if channel == "push" and template in ("severe", "late") and facts.in_writing:
        template += "_in_writing"
    return _fill(_words(channel, template)[language], facts, language)


def carries_link(channel: str, template: str) -> bool:
    """Whether the words lead to the answer page."""
    return any("{link}" in words for words in _words(channel, template).values())


def subject(template: str, facts: Facts, language: Language) -> str:
    """The subject of a mail."""
    return _fill(_SUBJECTS[template][language], facts, language)


def _words(channel: str, template: str) -> dict[Language, str]:
    return _TEXTS.get((channel, template), _GENERAL_SMS if channel == "sms" else _GENERAL)


def _fill(words: str, facts: Facts, language: Language) -> str:
    signal = _FROM_CAR if facts.trigger is None else _SIGNALS.get(facts.trigger, _FROM_CAR)
    return words.format(
        signal=signal[language],
        insurer=facts.insurer(language),
        name=facts.name,
        time=facts.time,
        unit=facts.unit,
        eta=facts.eta,
        link=facts.link,
    )
