"""What a call says to drivers, contacts and whoever rings us.

The order is fixed: who we are, which car, safety first, then people, then help. Short
sentences, one question at a time.
"""

from __future__ import annotations

from typing import Final

from incident.wording.facts import EN, JA, Facts
from schemas.impact import Severity
from schemas.incident import Language, RoadKind, Trigger

_KEYS: Final = {
    JA: "救急車が必要な場合は3、助けが必要な場合は2、担当者と話す場合は0を押してください。"
    "問題がなければ1を押してください。",
    EN: "For an ambulance press 3, for help press 2, to talk to us press 0. If all is well press 1.",
}
_CONTACT_KEYS: Final = {
    JA: "ご本人の様子をご存じでしたら1、担当者と話す場合は0を押してください。",
    EN: "If you know how they are, press 1. To talk to us, press 0.",
}
_WHAT: Final = {
    Trigger.IMPACT: {
        JA: "{owner}{car}から、{impact}の知らせを受け取りました。",
        EN: "We received a signal of {impact} from your car{car}.",
    },
    Trigger.LONG_PRESS: {
        JA: "{owner}{car}の緊急ボタンが押されました。",
        EN: "The emergency button of your car{car} was pressed.",
    },
    Trigger.SHORT_PRESS: {
        JA: "{owner}{car}のボタンが押されました。",
        EN: "The button of your car{car} was pressed.",
    },
    Trigger.PHONE_CRASH: {
        JA: "{owner}スマートフォンから、強い衝撃の知らせを受け取りました。",
        EN: "We received a signal of a strong impact from your phone.",
    },
    Trigger.CALL: {
        JA: "先ほどいただいたご連絡の件で、お電話しています。",
        EN: "You contacted us a while ago.",
    },
}
_STRONG: Final = {JA: "強い衝撃", EN: "a strong impact"}
_IMPACT: Final = {JA: "衝撃", EN: "an impact"}
_IMPACT_CONTACT: Final = {
    JA: "{name}様のお車に衝撃があり、",
    EN: "their car had an impact",
}
_PRESS_CONTACT: Final = {
    JA: "{name}様のお車のボタンが押され、",
    EN: "the emergency button of their car was pressed",
}
_WHAT_CONTACT: Final = {
    Trigger.IMPACT: _IMPACT_CONTACT,
    Trigger.LONG_PRESS: _PRESS_CONTACT,
    Trigger.SHORT_PRESS: _PRESS_CONTACT,
    Trigger.PHONE_CRASH: {
        JA: "{name}様のスマートフォンが強い衝撃を知らせ、",
        EN: "their phone reported a strong impact",
    },
    Trigger.CALL: {
        JA: "{name}様についてご連絡があり、",
        EN: "somebody contacted us about them",
    },
}
_SAFETY: Final = {
    JA: "まず、安全な場所にいてください。けがをされた方はいますか。ご自身、同乗の方、相手の方も含めてお答えください。",
    EN: "First, please be in a safe place. Is anyone hurt: you, your passengers, or anyone else?",
}
_EXPRESSWAY: Final = {
    JA: "ハザードランプをつけ、車を降りて、ガードレールの外側に避難してください。"
    "車の中や車の後ろには立たないでください。電話は110番、または道路緊急ダイヤル、シャープ9910です。"
    "トンネルの中や燃料が漏れているときは、発炎筒を使わないでください。"
    "近くの距離標、キロポストの数字が分かれば教えてください。",
    EN: "Switch the hazard lights on, leave the car, and stand behind the guard rail. "
    "Do not stay in the car or behind it. The numbers are 110, or the road emergency line, hash 9910. "
    "Use no flare in a tunnel or where fuel leaks. If you can see a kilometre post, please tell us its number.",
}
_HOLD_KEYS: Final = {
    JA: "救急車が必要な場合は3を押してください。",
    EN: "For an ambulance press 3.",
}
_SPOKEN: Final[dict[str, dict[Language, str]]] = {
    "keys": _KEYS,
    "contact_keys": _CONTACT_KEYS,
    "caller_keys": _HOLD_KEYS,
    "by_voice": {JA: "声でもお答えいただけます。", EN: "You may also just say it."},
    "expressway": _EXPRESSWAY,
    "wrong_key": {JA: "その番号はご利用いただけません。", EN: "That key is not in use."},
    "silent": {
        JA: "お返事が聞こえません。このまま担当者におつなぎします。切らずにお待ちください。",
        EN: "We cannot hear you. We are connecting you to a person now. Please stay on the line.",
    },
    "spoke": {
        JA: "ありがとうございます。このまま担当者におつなぎします。切らずにお待ちください。",
        EN: "Thank you. We are connecting you to a person now. Please stay on the line.",
    },
    "fine": {JA: "承知しました。どうぞお気をつけて。", EN: "Thank you. Take care."},
    "fine_call_back": {
        JA: "承知しました。念のため、のちほど担当者からお電話いたします。"
        "事故の場合は、けがの有無にかかわらず、警察、110番への届け出が必要です。",
        EN: "Thank you. To be safe, a person will call you back later. "
        "After an accident you must report to the police, 110, whether or not anyone is hurt.",
    },
    "help": {
        JA: "承知しました。応援を手配します。到着の見込みは、決まり次第お知らせします。",
        EN: "Understood. We are arranging help. We will tell you when it will arrive as soon as it is settled.",
    },
    "stay": {
        JA: "このまま担当者におつなぎします。切らずにお待ちください。",
        EN: "We are connecting you to a person now. Please stay on the line.",
    },
    "ambulance": {
        JA: "担当者におつなぎして、救急の手配を進めます。電話を切らずにお待ちください。"
        "すぐにつながらない場合は、119番に直接おかけください。",
        EN: "We are connecting you to a person who will request an ambulance. Please stay on the line. "
        "If this takes long, dial 119 yourself.",
    },
    "operator": {JA: "担当者におつなぎします。", EN: "We are connecting you to a person."},
    "hold": {
        JA: "担当者をお呼びしています。切らずにお待ちください。",
        EN: "We are calling a person for you. Please stay on the line.",
    },
    "hold_alone": {
        JA: "ただいま、すぐに出られる担当者がおりません。お呼びし続けますので、切らずにお待ちください。"
        "急ぐ場合は、119番または110番に直接おかけください。",
        EN: "Nobody is free at this moment. We go on calling them, so please stay on the line. "
        "If it is urgent, dial 119 or 110 yourself.",
    },
    "connected": {JA: "担当者におつなぎしました。", EN: "You are connected to a person."},
    "recorded": {JA: "この通話は録音されます。", EN: "This conversation is recorded."},
    "contact_thanks": {
        JA: "ありがとうございます。担当者から折り返しお電話いたします。",
        EN: "Thank you. A person will call you back.",
    },
    "handled": {
        JA: "この件は対応が済んでいます。ご安心ください。お電話ありがとうございました。",
        EN: "This matter is already taken care of. Please do not worry. Thank you.",
    },
    "closed": {
        JA: "この件の受付は終了しています。助けが必要な場合は、119番または110番に直接おかけください。",
        EN: "This matter has been closed. If you need help, please dial 119 or 110 yourself.",
    },
    "broken": {
        JA: "申し訳ありません。ただいま、お話を続けられません。担当者からおかけ直しします。"
        "急ぐ場合は、救急車は119番、警察は110番に直接おかけください。",
        EN: "We are sorry, we cannot go on at this moment. A person will call you. "
        "If it is urgent, dial 119 for an ambulance or 110 for the police yourself.",
    },
    "broken_inbound": {
        JA: "申し訳ありません。ただいま、お電話をお受けできません。少し後で、もう一度おかけください。"
        "急ぐ場合は、救急車は119番、警察は110番に直接おかけください。",
        EN: "We are sorry, we cannot take your call at this moment. Please call again in a little while. "
        "If it is urgent, dial 119 for an ambulance or 110 for the police yourself.",
    },
}


def spoken(key: str, language: Language) -> str:
    """A fixed sentence of a call."""
    return _SPOKEN[key][language]


def greeting(
    facts: Facts,
    trigger: Trigger,
    language: Language,
    road: RoadKind = RoadKind.UNKNOWN,
    *,
    severity: Severity | None = None,
) -> str:
    """The first words to the driver: who calls, which car, safety, and whether anyone is hurt."""
    what = _WHAT[trigger][language]
    impact = (_STRONG if severity in (Severity.SEVERE, Severity.VERY_SEVERE) else _IMPACT)[language]
    safety = _EXPRESSWAY[language] if road is RoadKind.EXPRESSWAY else ""
    if language is JA:
        car = f"お車({facts.car})" if facts.car else "お車"
        owner = f"{facts.name}様の" if facts.name else ""
        said = what.format(owner=owner, car=car, impact=impact)
        return f"こちらは{facts.insurer(JA)}の事故受付です。{said}{safety}{_SAFETY[JA]}"
    said = what.format(car=f", {facts.car}" if facts.car else "", impact=impact)
    words = f"This is the accident desk of {facts.insurer(EN)}. {said} {safety} {_SAFETY[EN]}"
    return words.replace("  ", " ")


def contact_greeting(facts: Facts, trigger: Trigger, language: Language) -> str:
    """The first words to an emergency contact: no more than needed."""
    what = _WHAT_CONTACT[trigger][language]
    if language is JA:
        return (
            f"{facts.insurer(JA)}の事故受付です。{facts.name}様が緊急連絡先に登録されている方にお電話しています。"
            f"{facts.time}ごろ、{what.format(name=facts.name)}ご本人と連絡が取れていません。"
        )
    return (
        f"This is the accident desk of {facts.insurer(EN)}. You are the emergency contact of {facts.name}. "
        f"At about {facts.time} {what}, and we cannot reach them."
    )


def welcome(facts: Facts, language: Language) -> str:
    """The first words to somebody who rings us."""
    if language is JA:
        return (
            f"こちらは{facts.insurer(JA)}の事故受付です。まず、安全な場所にいてください。"
            "ただいま担当者がまいります。電話を切らずにお待ちください。"
            "救急車が必要な場合は3を押してください。すぐにつながらない場合は、119番に直接おかけください。"
        )
    return (
        f"This is the accident desk of {facts.insurer(EN)}. First, please be in a safe place. "
        "A person comes to the telephone now. Please stay on the line. "
        "For an ambulance press 3. If this takes long, dial 119 yourself."
    )


def help_asked(place: str, language: Language) -> str:
    """What is said to who asked for help; `place` in words, or empty."""
    if not place:
        return spoken("help", language)
    if language is JA:
        return f"承知しました。{place}に応援を手配します。到着の見込みは、決まり次第お知らせします。"
    return (
        f"Understood. We are arranging help at {place}. "
        "We will tell you when it will arrive as soon as it is settled."
    )
