"""The words of the answer page that an SMS leads to: large buttons, no name, no place."""

from __future__ import annotations

from typing import Final

from incident.wording.facts import EN, JA, Facts
from schemas.impact import Severity
from schemas.incident import Answer, CallParty, Language, Trigger

_PAGE: Final[dict[str, dict[Language, str]]] = {
    "title": {JA: "{insurer} 事故受付", EN: "{insurer}: accident desk"},
    "safety": {
        JA: "まず、安全な場所にいてください。走行中は操作しないでください。",
        EN: "First, please be in a safe place. Do not use the phone while driving.",
    },
    "question": {
        JA: "けがをされた方はいますか。ご自身、同乗の方、相手の方も含めてお答えください。",
        EN: "Is anyone hurt: you, your passengers, or anyone else?",
    },
    "what_happened": {JA: "どうされましたか。", EN: "What happened?"},
    "contact_question": {
        JA: "ご本人の様子をご存じでしたら、お知らせください。",
        EN: "If you know how they are, please tell us.",
    },
    "write": {JA: "文字で伝える", EN: "Write to us"},
    "write_label": {
        JA: "担当者に伝えたいことをお書きください",
        EN: "What would you like to tell us?",
    },
    "send": {JA: "送る", EN: "Send"},
    "back": {JA: "戻る", EN: "Back"},
    "conversation": {JA: "担当者とのやりとり", EN: "Messages"},
    "you": {JA: "あなた", EN: "You"},
    "us": {JA: "担当者", EN: "Accident desk"},
    "refreshes": {
        JA: "この画面は自動で新しくなります。",
        EN: "This page renews itself.",
    },
    "urgent": {JA: "急ぐときは、直接おかけください", EN: "If it is urgent, call directly"},
    "119": {JA: "119番 救急車・消防", EN: "119 Ambulance, fire"},
    "110": {JA: "110番 警察", EN: "110 Police"},
    "9910": {JA: "#9910 道路緊急ダイヤル", EN: "#9910 Road emergency line"},
    "arranging": {
        JA: "応援を手配しています。到着の見込みは、決まり次第ここに表示します。",
        EN: "We are arranging help. When it will arrive is shown here as soon as it is settled.",
    },
    "taken": {JA: "担当者が対応しています。", EN: "A person of ours is working on it."},
    "arrived": {JA: "{unit}が到着しました。", EN: "{unit} has arrived."},
    "contact_thanks": {
        JA: "お知らせを記録しました。担当者から折り返しお電話いたします。",
        EN: "We have recorded what you told us. A person will call you back.",
    },
    "closed": {
        JA: "この件の受付は終了しています。助けが必要な場合は、119番または110番に直接おかけください。",
        EN: "This matter has been closed. If you need help, please dial 119 or 110 yourself.",
    },
    "unknown": {
        JA: "このリンクは使えません。正しくないか、期限が切れています。"
        "助けが必要な場合は、119番または110番に直接おかけください。",
        EN: "This link cannot be used: it is wrong, or has expired. "
        "If you need help, please dial 119 or 110 yourself.",
    },
    "busy": {
        JA: "記録できませんでした。少し待ってから、もう一度お試しください。"
        "急ぐ場合は、119番または110番に直接おかけください。",
        EN: "This was not recorded. Please wait a moment and try again. If it is urgent, dial 119 or 110 yourself.",
    },
    "evacuate": {
        JA: "高速道路では、ハザードランプをつけ、車を降りて、ガードレールの外側に避難してください。"
        "車の中や車の後ろには立たないでください。"
        "トンネルの中や燃料が漏れているときは、発炎筒を使わないでください。"
        "近くの距離標(キロポスト)の数字が分かれば教えてください。",
        EN: "On an expressway, switch the hazard lights on, leave the car, and stand behind the guard rail. "
        "Do not stay in the car or behind it. Use no flare in a tunnel or where fuel leaks. "
        "If you can see a kilometre post, please tell us its number.",
    },
}
_WHAT: Final = {
    Trigger.IMPACT: {
        JA: "{time}ごろ、お車に衝撃がありました。",
        EN: "Your car had an impact at about {time}.",
    },
    Trigger.LONG_PRESS: {
        JA: "{time}ごろ、お車のボタンが押されました。",
        EN: "The button of your car was pressed at about {time}.",
    },
    Trigger.SHORT_PRESS: {
        JA: "{time}ごろ、お車のボタンが押されました。",
        EN: "The button of your car was pressed at about {time}.",
    },
    Trigger.PHONE_CRASH: {
        JA: "{time}ごろ、スマートフォンが強い衝撃を知らせました。",
        EN: "Your phone reported a strong impact at about {time}.",
    },
    Trigger.CALL: {
        JA: "{time}ごろにいただいたご連絡の件です。",
        EN: "You contacted us at about {time}.",
    },
}
_WHAT_CONTACT: Final = {
    JA: "緊急連絡先に登録されている方の件です。{time}ごろに知らせがあり、ご本人と連絡が取れていません。",
    EN: "You are somebody's emergency contact. We had a signal at about {time} and cannot reach them.",
}
_BUTTONS: Final = {
    Answer.FINE: {JA: "大丈夫です", EN: "I'm fine"},
    Answer.HELP: {JA: "助けが必要", EN: "Send help"},
    Answer.AMBULANCE: {JA: "救急車", EN: "Ambulance"},
    Answer.OPERATOR: {JA: "電話がほしい", EN: "Call me"},
}
_CHOICES: Final = {
    Answer.ACCIDENT: {JA: "事故", EN: "Accident"},
    Answer.HELP: {JA: "故障", EN: "Breakdown"},
    Answer.MISTAKE: {JA: "押し間違い", EN: "By mistake"},
}
_CONTACT_BUTTONS: Final = {
    Answer.FINE: {JA: "本人の様子を知っています", EN: "I know how they are"},
    Answer.OPERATOR: {JA: "担当者と話したい", EN: "I want to talk to you"},
}
_RECORDED: Final = {
    Answer.FINE: {
        JA: "「大丈夫です」と記録しました。念のため、担当者からお電話することがあります。"
        "事故の場合は、けがの有無にかかわらず、警察(110番)への届け出が必要です。",
        EN: 'We have recorded "I\'m fine". To be safe, a person may call you. '
        "After an accident you must report to the police, 110, whether or not anyone is hurt.",
    },
    Answer.HELP: {
        JA: "「助けが必要」と記録しました。",
        EN: 'We have recorded "Send help".',
    },
    Answer.AMBULANCE: {
        JA: "「救急車」と記録しました。担当者が救急の手配を進めます。急ぐ場合は、119番に直接おかけください。",
        EN: 'We have recorded "Ambulance". A person will request one. If it is urgent, dial 119 yourself.',
    },
    Answer.OPERATOR: {
        JA: "「電話がほしい」と記録しました。担当者からご連絡します。",
        EN: 'We have recorded "Call me". A person will contact you.',
    },
    Answer.ACCIDENT: {
        JA: "「事故」と記録し、担当者を呼んでいます。救急車が必要な場合は、119番に直接おかけください。"
        "事故の場合は、けがの有無にかかわらず、警察(110番)への届け出が必要です。",
        EN: 'We have recorded "Accident" and are calling a person. If you need an ambulance, dial 119 yourself. '
        "After an accident you must report to the police, 110, whether or not anyone is hurt.",
    },
    Answer.MISTAKE: {
        JA: "「押し間違い」と記録しました。念のため、担当者からお電話することがあります。",
        EN: 'We have recorded "By mistake". To be safe, a person may call you.',
    },
}


def page(key: str, facts: Facts, language: Language) -> str:
    """A fixed text of the page."""
    return _PAGE[key][language].format(
        insurer=facts.insurer(language), time=facts.time, unit=facts.unit, eta=facts.eta
    )


def occasion(facts: Facts, trigger: Trigger, party: CallParty, language: Language) -> str:
    """What it is about: no more than when, and that it was a car."""
    words = _WHAT_CONTACT if party is CallParty.CONTACT else _WHAT[trigger]
    return words[language].format(time=facts.time)


def choices(trigger: Trigger, severity: Severity | None, answer: Answer | None) -> list[Answer]:
    """The answers a driver may choose from: after a short press, as long as nothing else is known, what happened."""
    unknown = trigger is Trigger.SHORT_PRESS and severity is None and answer is None
    return list(_CHOICES if unknown else _BUTTONS)


def buttons(party: CallParty, language: Language, *, happened: bool = False) -> dict[Answer, str]:
    """The answers to choose from, in this order; `happened` asks what happened."""
    labels = _CONTACT_BUTTONS if party is CallParty.CONTACT else _CHOICES if happened else _BUTTONS
    return {answer: words[language] for answer, words in labels.items()}


def recorded(answer: Answer, language: Language) -> str:
    """What is said of an answer once it is recorded."""
    return _RECORDED[answer][language]
