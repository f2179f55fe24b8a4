"""What a call says to drivers, contacts and whoever rings us.

The order is fixed: who we are, which car, safety first, then people, then help. Short
sentences, one question at a time.
"""

from __future__ import annotations

from typing import Final

from incident.wording.facts import EN, JA, Facts
from schemas.incident import Language

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
    "impact": {
        JA: "から、強い衝撃の知らせを受け取りました。",
        EN: "We received a signal of an impact from your car{car}.",
    },
    "long_press": {
        JA: "の緊急ボタンが押されました。",
        EN: "The emergency button of your car{car} was pressed.",
    },
    "short_press": {
        JA: "のボタンが押されました。",
        EN: "The button of your car{car} was pressed.",
    },
}
_WHAT_CONTACT: Final = {
    "impact": {JA: "に衝撃があり", EN: "their car had an impact"},
    "press": {JA: "のボタンが押され", EN: "the emergency button of their car was pressed"},
}
_SAFETY: Final = {
    JA: "まず、安全な場所にいてください。けがをされた方はいますか。ご自身、同乗の方、相手の方も含めてお答えください。",
    EN: "First, please be in a safe place. Is anyone hurt: you, your passengers, or anyone else?",
}
_SPOKEN: Final[dict[str, dict[Language, str]]] = {
    "keys": _KEYS,
    "contact_keys": _CONTACT_KEYS,
    "wrong_key": {JA: "その番号はご利用いただけません。", EN: "That key is not in use."},
    "silent": {
        JA: "お返事が聞こえません。このまま担当者におつなぎします。切らずにお待ちください。",
        EN: "We cannot hear you. We are connecting you to a person now. Please stay on the line.",
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
    "ambulance": {
        JA: "担当者におつなぎして、救急の手配を進めます。電話を切らずにお待ちください。"
        "すぐにつながらない場合は、119番に直接おかけください。",
        EN: "We are connecting you to a person who will request an ambulance. Please stay on the line. "
        "If this takes long, dial 119 yourself.",
    },
    "operator": {JA: "担当者におつなぎします。", EN: "We are connecting you to a person."},
    "operator_soon": {
        JA: "担当者がすぐに折り返しお電話いたします。急ぐ場合は119番または110番におかけください。",
        EN: "A person will call you right back. If it is urgent, dial 119 or 110.",
    },
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
}


def spoken(key: str, language: Language) -> str:
    """A fixed sentence of a call."""
    return _SPOKEN[key][language]


def greeting(facts: Facts, trigger: str, language: Language) -> str:
    """The first words to the driver: who calls, which car, safety, and whether anyone is hurt."""
    what = _WHAT[trigger]
    if language is JA:
        who = f"こちらは{facts.insurer(JA)}の事故受付です。"
        car = f"お車({facts.car})" if facts.car else "お車"
        owner = f"{facts.name}様の" if facts.name else ""
        return f"{who}{owner}{car}{what[JA]}{_SAFETY[JA]}"
    car = f", {facts.car}" if facts.car else ""
    return f"This is the accident desk of {facts.insurer(EN)}. {what[EN].format(car=car)} {_SAFETY[EN]}"


def contact_greeting(facts: Facts, trigger: str, language: Language) -> str:
    """The first words to an emergency contact: no more than needed."""
    what = _WHAT_CONTACT["impact" if trigger == "impact" else "press"][language]
    if language is JA:
        return (
            f"{facts.insurer(JA)}の事故受付です。{facts.name}様が緊急連絡先に登録されている方にお電話しています。"
            f"{facts.time}ごろ、{facts.name}様のお車{what}、ご本人と連絡が取れていません。"
        )
    return (
        f"This is the accident desk of {facts.insurer(EN)}. You are the emergency contact of {facts.name}. "
        f"At about {facts.time} {what}, and we cannot reach them."
    )
