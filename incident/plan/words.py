"""What a drawing of a plan and its differences from another say, in Japanese and English. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time
from typing import Final, cast

from incident.plan.plan import Plan, Rule
from incident.wording.vocabulary import ROUND, STEP
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


_FINE: Final[dict[str, Both]] = {
    "close": {JA: "終了", EN: "closed"},
    "call_back": {JA: "担当者が折り返し電話", EN: "an operator calls back"},
}
_LANGUAGES: Final[dict[str, Both]] = {JA: {JA: "日本語", EN: "Japanese"}, EN: {JA: "英語", EN: "English"}}
TABLES: Final[dict[str, Both]] = {
    "calls": {JA: "電話", EN: "Calls"},
    "help": {JA: "現場への応援", EN: "Help on the spot"},
    "desk": {JA: "担当者の呼び出し", EN: "Operators' telephones"},
    "languages": {JA: "言語", EN: "Languages"},
    "quiet": {JA: "夜間の見送り", EN: "Quiet hours"},
}
KEYS: Final[dict[str, Both]] = {
    "ring_s": {JA: "呼び出し", EN: "rings"},
    "attempts_pause_s": {JA: "次の電話まであける時間", EN: "before the next call"},
    "give_up_s": {JA: "知らせのない発信を打ち切るまで", EN: "given up without news after"},
    "offer_s": {JA: "応援の回答期限", EN: "to answer an offer"},
    "remind_s": {JA: "担当者にもう一度知らせるまで", EN: "operators told again after"},
    "parallel": {JA: "同時に打診する件数", EN: "offered at once"},
    "depart_s": {JA: "出発の期限", EN: "to set off"},
    "late_s": {JA: "遅れとみなすまで", EN: "late after"},
    "redispatch_s": {JA: "遅れて別の隊を探すまで", EN: "another sought when late by"},
    "lone_worker_s": {JA: "現場の無事を確認する間隔", EN: "asked on the scene whether they are well every"},
    "widen_km": {JA: "探す範囲 (km)", EN: "searched within (km)"},
    "rounds": {JA: "呼び出す順", EN: "rung in turn"},
    "call_back_s": {JA: "約束した折り返し電話の期限", EN: "a promised call back is due after"},
    "offered": {JA: "使える言語", EN: "offered"},
    "default": {JA: "選択がないときの言語", EN: "for whoever chose none"},
    "from": {JA: "開始", EN: "from"},
    "to": {JA: "終了", EN: "to"},
    "occasions": {JA: "対象", EN: "for"},
    "for": {JA: "対象", EN: "for"},
    "road": {JA: "道路", EN: "road"},
    "help": {JA: "応援", EN: "help"},
    "fine": {JA: "「大丈夫」の場合", EN: 'on "I am fine"'},
    "words": {JA: "文面", EN: "words of push and SMS"},
    "take_by_s": {JA: "担当者の対応期限", EN: "time for an operator to take it"},
    "connect": {JA: "応答したら担当者を呼ぶ", EN: "an operator is rung on answer"},
    "contacts": {JA: "緊急連絡先の人数", EN: "contacts tried"},
    "drives_on": {JA: "走り続けた場合の規則", EN: "rule when it drives on"},
    "silent": {JA: "通信が途絶えた場合の規則", EN: "rule when the device falls silent"},
}
"""What the keys of tables and rules are about."""
_VALUES: Final[dict[str, dict[str, Both]]] = {
    "for": _OCCASIONS,
    "occasions": _OCCASIONS,
    "road": ROADS,
    "help": _KINDS,
    "fine": _FINE,
    "offered": _LANGUAGES,
    "default": _LANGUAGES,
    "rounds": {name: {JA: ja, EN: en} for name, (ja, en) in ROUND.items()},
}
_NONE: Final[Both] = {JA: "なし", EN: "none"}
_YES: Final[Both] = {JA: "はい", EN: "yes"}
_NO: Final[Both] = {JA: "いいえ", EN: "no"}


def value(key: str, found: object, language: Language) -> str:
    """What stands behind a key; the names of rules and of words as the plan has them."""
    match found:
        case None:
            return _NONE[language]
        case bool():
            return (_YES if found else _NO)[language]
        case int() | float():
            return moment(found, language) if key.endswith("_s") else f"{found:g}"
        case time():
            return f"{found:%H:%M}"
        case tuple():
            parts = [value(key, each, language) for each in cast("tuple[object, ...]", found)]
            return f"[{('・' if language is JA else ', ').join(parts)}]"
        case _:
            return _VALUES.get(key, {}).get(str(found), {}).get(language, str(found))


def listed(parts: Iterable[str], language: Language) -> str:
    """One after the other."""
    return ("、" if language is JA else ", ").join(parts)


def occasion(name: str, language: Language) -> str:
    """What a rule may be for."""
    return _OCCASIONS[name][language]


def step(do: str, language: Language) -> str:
    """What is done."""
    return STEP[do][0 if language is JA else 1]


def title(rule: Rule, language: Language) -> str:
    """What a rule is for, and on which road; without its name, which is not in words."""
    said = " · ".join(occasions(rule, language))
    return f"{said} ({ROADS[rule.road][language]})" if rule.road else said


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
