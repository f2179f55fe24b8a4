"""What a drawing of a plan says, in Japanese and English. Pure."""

from __future__ import annotations

from typing import Final

from incident.plan.plan import Plan, Rule
from schemas.incident import Language

JA, EN = Language.JA, Language.EN
Both = dict[Language, str]

HEADING: Final[Both] = {JA: "エスカレーション計画", EN: "Escalation plan"}
SUBHEADING: Final[Both] = {
    JA: "応答があるまで、受け付けからの時間に応じて行うこと。重い順。応答があれば、その時点で止まります。",
    EN: "Until somebody answers, by the time since the incident opened. Heaviest first; an answer ends it.",
}
LANES: Final[dict[str, Both]] = {
    "push": {JA: "アプリ通知", EN: "Push"},
    "sms": {JA: "SMS", EN: "SMS"},
    "driver": {JA: "運転者へ電話", EN: "Call the driver"},
    "contact": {JA: "緊急連絡先へ電話", EN: "Call a contact"},
    "operator": {JA: "担当者", EN: "Operator"},
    "ambulance": {JA: "救急要請の依頼", EN: "Ask for ambulance"},
    "help": {JA: "現場への応援", EN: "Help on the spot"},
}
ROADS: Final[dict[str, Both]] = {
    "expressway": {JA: "高速道路", EN: "expressway"},
    "general": {JA: "一般道路", EN: "general road"},
}
_OCCASIONS: Final[dict[str, Both]] = {
    "very_severe": {JA: "極めて強い衝撃", EN: "Very severe impact"},
    "severe": {JA: "強い衝撃", EN: "Severe impact"},
    "moderate": {JA: "中程度の衝撃", EN: "Moderate impact"},
    "light": {JA: "軽い衝撃", EN: "Light impact"},
    "long_press": {JA: "ボタン長押し", EN: "Long press"},
    "short_press": {JA: "ボタン短押し(トラブル)", EN: "Short press (trouble)"},
    "phone_crash": {JA: "スマートフォンの衝突検知", EN: "Crash felt by the phone"},
    "call": {JA: "お客様からの電話", EN: "Somebody rings us"},
    "late": {JA: "遅れて届いた知らせ", EN: "Late message"},
}
_KINDS: Final[dict[str, Both]] = {
    "guard": {JA: "警備員", EN: "guard"},
    "roadside": {JA: "ロードサービス", EN: "roadside help"},
    "tow": {JA: "レッカー", EN: "tow truck"},
    "battery": {JA: "バッテリー", EN: "battery"},
    "tyre": {JA: "タイヤ", EN: "tyre"},
    "key": {JA: "鍵", EN: "key"},
    "fuel": {JA: "燃料", EN: "fuel"},
}


def occasions(rule: Rule, language: Language) -> list[str]:
    """What a rule is for."""
    return [_OCCASIONS[occasion][language] for occasion in rule.occasions]


def moment(at_s: float, language: Language) -> str:
    """So long after the incident opened."""
    if at_s >= 120 and at_s % 60 == 0:
        return f"{at_s / 60:g}分" if language is JA else f"{at_s / 60:g} min"
    return f"{at_s:g}秒" if language is JA else f"{at_s:g} s"


def facts_of_rule(rule: Rule, language: Language) -> list[str]:
    """What a rule says beside its steps."""
    ja = language is JA
    kind = _KINDS.get(rule.help, {}).get(language, str(rule.help)) if rule.help else ""
    told = [
        (f"応援は{kind}" if ja else f"Help: {kind}")
        if kind
        else ("応援は担当者が判断" if ja else "Help: an operator decides")
    ]
    if rule.fine == "close":
        told.append("「大丈夫」で終了" if ja else '"I am fine" closes it')
    else:
        told.append(
            "「大丈夫」でも担当者が折り返し電話" if ja else '"I am fine": an operator still calls back'
        )
    if rule.connect:
        told.append("応答したら担当者を呼ぶ" if ja else "An operator is rung on answer")
    if rule.contacts_tried > 1:
        told.append(
            f"緊急連絡先は{rule.contacts_tried}人まで" if ja else f"Up to {rule.contacts_tried} contacts"
        )
    if rule.drives_on:
        told.append(f"走り続けたら → {rule.drives_on}" if ja else f"Drives on → {rule.drives_on}")
    if rule.silent:
        told.append(f"通信が途絶えたら → {rule.silent}" if ja else f"Device falls silent → {rule.silent}")
    return told


def facts_of_plan(plan: Plan, language: Language) -> list[str]:
    """What holds for every rule."""
    calls, offers = plan.calls, plan.help
    quiet = plan.quiet
    if language is JA:
        told = [
            f"呼び出し {calls.ring_s:g}秒",
            f"次の電話まで {calls.attempts_pause_s:g}秒あける",
            f"応援の回答期限 {offers.offer_s:g}秒",
            f"同時に打診 {offers.parallel}件",
            f"探す範囲 {' → '.join(f'{km:g}' for km in offers.widen_km)} km",
        ]
        if quiet:
            names = "・".join(_OCCASIONS[occasion][JA] for occasion in quiet.occasions)
            told.append(f"{quiet.begins:%H:%M}〜{quiet.ends:%H:%M}は{names}を朝まで知らせない")
        return told
    told = [
        f"rings {calls.ring_s:g} s",
        f"{calls.attempts_pause_s:g} s before the next call",
        f"{offers.offer_s:g} s to answer an offer",
        f"{offers.parallel} offered at once",
        f"searched within {' → '.join(f'{km:g}' for km in offers.widen_km)} km",
    ]
    if quiet:
        names = ", ".join(quiet.occasions)
        told.append(f"{quiet.begins:%H:%M} to {quiet.ends:%H:%M}: {names} wait for the morning")
    return told


def legend(plan: Plan, language: Language) -> dict[str, str]:
    """What the marks mean."""
    if language is JA:
        return {
            "done": "行う",
            "laid": "打診する・折り返し一覧に載せる",
            "wait": "停車するまで待つ",
            "ring": f"電話を鳴らす({plan.calls.ring_s:g}秒)",
            "take": "担当者の対応期限。過ぎたら全員、責任者、別拠点へ",
        }
    return {
        "done": "done",
        "laid": "offered, or listed for a call back",
        "wait": "waits until the car has stopped",
        "ring": f"the phone rings ({plan.calls.ring_s:g} s)",
        "take": "time for an operator to take it; then all, the supervisor, the second site",
    }
