"""What an operator's telephone says: which incident it is, in one breath, and how it is taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from incident.wording.facts import EN, JA, Facts
from schemas.impact import Severity
from schemas.incident import AmbulanceState, Answer, CallParty, Language, RoadKind, Trigger


@dataclass(frozen=True, slots=True)
class Brief:
    """What an operator must know before taking an incident. `place` in words, or empty.

    `lone_worker`: a unit says nothing on the scene, and all else is over.
    `machine`, `spoke`: of the driver's live call, whether voicemail is likely and whether words were heard.
    """

    trigger: Trigger
    severity: Severity | None
    road: RoadKind
    place: str
    waiting: tuple[CallParty, ...]
    answer: Answer | None
    driver_answered: bool
    ambulance: AmbulanceState | None
    machine: bool | None = None
    spoke: bool = False
    lone_worker: bool = False


_SEVERITY: Final = {
    Severity.LIGHT: {JA: "軽い衝撃です。", EN: "A light impact."},
    Severity.MODERATE: {JA: "中程度の衝撃です。", EN: "A moderate impact."},
    Severity.SEVERE: {JA: "強い衝撃です。", EN: "A severe impact."},
    Severity.VERY_SEVERE: {JA: "非常に強い衝撃です。", EN: "A very severe impact."},
}
_TRIGGER: Final = {
    Trigger.IMPACT: {JA: "衝撃です。", EN: "An impact."},
    Trigger.LONG_PRESS: {JA: "緊急ボタンが押されました。", EN: "The emergency button was pressed."},
    Trigger.SHORT_PRESS: {JA: "ボタンが押されました。", EN: "The button was pressed."},
    Trigger.PHONE_CRASH: {JA: "スマートフォンが衝突を知らせました。", EN: "A phone reported a crash."},
    Trigger.CALL: {JA: "お客様からのご連絡です。", EN: "Somebody has contacted us."},
}
_WORDS: Final = {
    "expressway": {JA: "高速道路上です。", EN: "On an expressway."},
    "ambulance": {JA: "救急車が必要とのことです。", EN: "They ask for an ambulance."},
    "help": {JA: "助けが必要とのことです。", EN: "They ask for help."},
    "operator": {JA: "担当者との通話を希望しています。", EN: "They ask to speak with a person."},
    "accident": {JA: "事故とのことです。", EN: "They say it is an accident."},
    "mistake": {JA: "ボタンの押し間違いとのことです。", EN: "They pressed by mistake."},
    "fine": {JA: "問題がないとのことです。", EN: "They say all is well."},
    "driver": {JA: "ご本人が電話口で待っています。", EN: "The driver is waiting on the line."},
    "contact": {
        JA: "緊急連絡先の方が電話口で待っています。",
        EN: "An emergency contact is waiting on the line.",
    },
    "caller": {JA: "電話をかけてきた方が待っています。", EN: "A caller is waiting on the line."},
    "silent": {JA: "お返事はまだありません。", EN: "They have said nothing so far."},
    "spoke": {
        JA: "話していますが、機械では聞き取れませんでした。",
        EN: "They spoke, and the machine did not understand.",
    },
    "machine": {JA: "留守番電話の可能性があります。", EN: "This may be voicemail."},
    "answered": {JA: "ご本人の電話がつながっています。", EN: "The driver's telephone is answered."},
    "unreached": {JA: "ご本人とはまだ話せていません。", EN: "The driver has not been reached."},
    "request_ambulance": {JA: "救急車の要請がまだです。", EN: "An ambulance is still to be requested."},
    "lone_worker": {
        JA: "現場の隊員から、安全の確認がありません。",
        EN: "Nothing has been heard of the unit on the scene.",
    },
    "look_after": {
        JA: "隊員が無事かどうか、すぐに確認してください。",
        EN: "Please make sure at once that they are well.",
    },
    "press_1": {JA: "引き受ける場合は1を押してください。", EN: "Press 1 to take it."},
    "not_needed": {
        JA: "この件は、ほかの担当者が対応しています。ありがとうございました。",
        EN: "A colleague has this one. Thank you.",
    },
    "over": {JA: "この件は終了しています。ありがとうございました。", EN: "This one is closed. Thank you."},
    "taken": {JA: "おつなぎします。", EN: "You are being connected."},
    "ringing": {
        JA: "ご本人を呼び出しています。そのままお待ちください。",
        EN: "The driver is being called. Please hold on.",
    },
    "absent": {
        JA: "ご本人は電話に出ていません。この電話を切ると、次の件をお受けいただけます。",
        EN: "The driver does not answer. Hang up to be free for the next one.",
    },
    "coming": {JA: "まもなくつながります。", EN: "They will be on the line in a moment."},
}


def desk(key: str, language: Language) -> str:
    """A fixed sentence to an operator."""
    return _WORDS[key][language]


def briefing(facts: Facts, brief: Brief, language: Language) -> str:
    """Which incident it is: what happened, whose car, where, and who waits. Says how to take it at the end."""
    what = (_SEVERITY.get(brief.severity) if brief.severity else None) or _TRIGGER[brief.trigger]
    said = [what[language]]
    if brief.road is RoadKind.EXPRESSWAY:
        said.append(desk("expressway", language))
    name = f"{facts.name}様" if facts.name and language is JA else facts.name
    whose = ("、" if language is JA else ", ").join(part for part in (name, facts.car, brief.place) if part)
    if whose:
        said.append(f"{whose}{'。' if language is JA else '.'}")
    said += [desk(key, language) for key in _situation(brief)]
    said.append(desk("press_1", language))
    return ("" if language is JA else " ").join(said)


def _situation(brief: Brief) -> list[str]:
    if brief.lone_worker:
        return ["lone_worker"]
    keys = [str(party) for party in brief.waiting]
    if brief.driver_answered and CallParty.DRIVER not in brief.waiting:
        keys.append("answered")
    if not brief.waiting and not brief.driver_answered:
        keys.append("unreached")
    if brief.answer is not None:
        keys.append(str(brief.answer))
    elif brief.driver_answered:
        keys.append("spoke" if brief.spoke else "silent")
    if brief.machine:
        keys.append("machine")
    if brief.ambulance is AmbulanceState.NEEDED and brief.answer is not Answer.AMBULANCE:
        keys.append("request_ambulance")
    return keys
