"""The lines of an incident's record in plain words, Japanese first. Pure.

A line of a kind that is not known here is shown by its name and its data: nothing on record is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from incident.wording import JAPAN_TIME
from incident.wording.vocabulary import (
    ALARM_REASON,
    ANSWER,
    CALL_END,
    CALLER,
    CHANNEL,
    CHECK,
    CHECK_STATE,
    DISPATCH,
    LIGHT,
    MACHINE,
    OUTCOME,
    PARTY,
    REMINDER,
    RESULT,
    RESUMED,
    ROAD,
    ROUND,
    SEVERITY,
    STEP,
    TASK,
    TEMPLATE,
    TRIGGER,
    VIA,
    Words,
    word,
)
from schemas.incident import Language

# What stands in [] is left out where one of its values is not on record.
PHRASES: Final[dict[str, tuple[str, str]]] = {
    "opened": (
        "案件を開始: {trigger}[ ({severity})][、対応計画「{rule}」]",
        "Incident opened by {trigger}[ ({severity})][, rule '{rule}' of the plan]",
    ),
    "impact_joined": ("同じ車の衝撃を追加[: {severity}]", "Another impact of the same car[: {severity}]"),
    "impact_revised": ("衝撃の判定を見直し[: {severity}]", "An impact was judged anew[: {severity}]"),
    "press_joined": ("対応中に{trigger}", "During the incident: {trigger}"),
    "phone_crash_joined": ("スマートフォンも衝突を検知", "The phone noticed a crash as well"),
    "rang_us": ("契約者から電話", "The policyholder rang us"),
    "caller": ("電話を受けた: {who}", "Somebody rang us: {who}"),
    "driver_wrote": ("運転者からメッセージ[ ({via})]", "The driver wrote[ (by {via})]"),
    "contact_wrote": ("緊急連絡先からメッセージ[ ({via})]", "The emergency contact wrote[ (by {via})]"),
    "operator_wrote": ("担当者が{party}にメッセージ", "An operator wrote to {party}"),
    "link_sent": ("{party}へ回答ページのリンクを送信", "Sent a link to the answer page to {party}"),
    "links_revoked": ("回答ページのリンクを無効化", "Links to the answer page revoked"),
    "raised": ("対応を「{before}」から「{rule}」に引き上げ", "Raised from rule '{before}' to '{rule}'"),
    "lowered": ("対応を「{before}」から「{rule}」に引き下げ", "Lowered from rule '{before}' to '{rule}'"),
    "rule_for_road": (
        "道路に応じて対応を「{before}」から「{rule}」に変更",
        "For the road, rule '{rule}' instead of '{before}'",
    ),
    "device_silent": (
        "車載装置からの通信が途絶[ ({since} から)]",
        "The device has fallen silent[, since {since}]",
    ),
    "drove_on": ("車がその後も走行[ (時速 {speed_kmh} km)]", "The car drives on[, at {speed_kmh} km/h]"),
    "road_known": ("道路の種類が判明: {road}", "The kind of road became known: {road}"),
    "device_known": ("車載装置が判明: {device}", "The device of the car became known: {device}"),
    "placed": ("場所が判明", "The place became known"),
    "push_queued": ("運転者のアプリに通知[: {template}]", "Push message to the driver's app[: {template}]"),
    "sms_queued": ("運転者に SMS[: {template}]", "SMS to the driver[: {template}]"),
    "mail_queued": ("契約者にメール[: {template}]", "E-mail to the policyholder[: {template}]"),
    "operator_alarmed": ("担当者に警報: {task}[ ({reason})]", "Operators alarmed: {task}[ ({reason})]"),
    "ambulance_needed": (
        "担当者に救急車の要請 (119番) を依頼",
        "An operator is asked to request an ambulance (119)",
    ),
    "ambulance_asked": (
        "担当者 {operator} が消防に救急車を要請",
        "Operator {operator} asked the fire headquarters for an ambulance",
    ),
    "ambulance_accepted": ("消防が救急車の出動を受諾", "The fire headquarters accepted to send an ambulance"),
    "ambulance_arrived": ("救急車が現場に到着", "The ambulance arrived"),
    "ambulance_refused": ("救急車の要請が断られた", "The request for an ambulance was refused"),
    "ambulance_cancelled": ("救急車の要請を取り消し", "The request for an ambulance was cancelled"),
    "left_for_morning": (
        "夜間のため {until} まで見送り: {step}",
        "Put off until {until}, for the night: {step}",
    ),
    "skipped_late": (
        "遅れのため見送り: {step}[ ({late_s} 秒遅れ)]",
        "Skipped, being too late: {step}[ ({late_s} s late)]",
    ),
    "call_queued": ("{party}への電話 ({attempt}回目) を発信待ちに追加", "Call {attempt} to {party} is next"),
    "call_placed": ("{party}へ発信 ({attempt}回目)", "Call {attempt} to {party} placed"),
    "call_ringing": ("{party}の電話を呼び出し中 ({attempt}回目)", "Call {attempt} to {party} rings"),
    "call_answered": (
        "{party}の電話に応答あり ({attempt}回目)[。応答者: {machine}]",
        "Call {attempt} to {party} was picked up[ by {machine}]",
    ),
    "call_detected": (
        "{party}の電話 ({attempt}回目) に出たのは{machine}(自動判定)",
        "Call {attempt} to {party}: picked up by {machine}, the carrier guesses",
    ),
    "call_ended": (
        "{party}への電話 ({attempt}回目) が終了: {status}",
        "Call {attempt} to {party} ended: {status}",
    ),
    "no_further_contact": (
        "ほかに登録された緊急連絡先なし",
        "No further emergency contact is on record",
    ),
    "call_given_up": ("{party}への電話 ({attempt}回目) を断念", "Call {attempt} to {party} given up"),
    "call_driver_wanted": (
        "担当者[ {operator} ]が運転者への電話を指示",
        "Operator[ {operator}] wants to ring the driver",
    ),
    "line_waits": (
        "{party}が電話口で担当者を待機[ ({reason})]",
        "On the line, waiting for an operator: {party}[ ({reason})]",
    ),
    "desk_called": ("担当者の電話を呼び出し: {round}[ ({reason})]", "The desk is rung: {round}[ ({reason})]"),
    "desk_rung": (
        "担当者の電話 {phones} 台を呼び出し中: {round}",
        "{phones} telephones of the desk ring: {round}",
    ),
    "desk_answered": (
        "担当者[ {operator} ]が電話で引き受け",
        "Operator[ {operator}] took it on the telephone",
    ),
    "desk_missed": (
        "担当者 {operator} の電話に応答なし",
        "Operator {operator} did not pick up their own telephone",
    ),
    "auditor_alarm": (
        "監査: 次の対応が予定されていない案件を発見[ ({reason})]",
        "The auditor found that nothing would have come of it any more[ ({reason})]",
    ),
    "desk_overflow": (
        "どの担当者も電話に出ず、自動音声が応対を継続",
        "No operator could be reached: the machine goes on speaking alone",
    ),
    "carrier_down": (
        "電話会社に接続できない[ ({since} から)]",
        "The telephone carrier cannot be reached[, since {since}]",
    ),
    "answered": ("{by}の回答: {answer} ({via})", "Answer of {by}: {answer} (by {via})"),
    "taken": (
        "担当者 {operator} が引き受け[ (前任 {before})]",
        "Taken by operator {operator}[, before {before}]",
    ),
    "dispatch_requested": (
        "{dispatch}を依頼[ (担当者 {operator})][: {chosen} を指定]",
        "Wanted: {dispatch}[, by operator {operator}][: {chosen} chosen]",
    ),
    "dispatch_offered": ("{dispatch}: {unit} に出動を打診", "Offered to unit {unit}: {dispatch}"),
    "dispatch_accepted": (
        "{dispatch}: {unit} が受諾[。到着見込み {eta_at}]",
        "Accepted by unit {unit}: {dispatch}[, expected at {eta_at}]",
    ),
    "dispatch_declined": ("{dispatch}: {unit} が辞退", "Declined by unit {unit}: {dispatch}"),
    "dispatch_withdrawn": (
        "{dispatch}: {unit} が運用停止になったため打診を取り消し",
        "Unit {unit} is out of service, its offer is withdrawn: {dispatch}",
    ),
    "dispatch_offer_expired": ("{dispatch}: {unit} から応答なし", "Not answered by unit {unit}: {dispatch}"),
    "dispatch_en_route": (
        "{dispatch}: {unit} が出発[。到着見込み {eta_at}]",
        "On its way, unit {unit}: {dispatch}[, expected at {eta_at}]",
    ),
    "dispatch_on_scene": ("{dispatch}: {unit} が現場に到着", "On the scene, unit {unit}: {dispatch}"),
    "dispatch_secured": ("{dispatch}: {unit} が現場の安全を確保", "Scene secured by unit {unit}: {dispatch}"),
    "dispatch_completed": ("{dispatch}: {unit} が完了", "Finished by unit {unit}: {dispatch}"),
    "dispatch_stood_down": ("{dispatch}[: {unit} ]の出動を取り消し", "Called off[, unit {unit}]: {dispatch}"),
    "dispatch_failed": ("{dispatch}: 派遣できる隊員がいない", "No unit is free: {dispatch}"),
    "dispatch_eta": (
        "{dispatch}: {unit} の到着見込みが {eta_at} に変更",
        "Unit {unit} now expects to arrive at {eta_at}: {dispatch}",
    ),
    "unit_reminded": (
        "{dispatch}: {unit} に催促[ ({about})]",
        "Unit {unit} reminded[ ({about})]: {dispatch}",
    ),
    "unit_did_not_depart": (
        "{dispatch}: {unit} が出発しないため別の隊員を手配",
        "Unit {unit} did not set off, another is sought: {dispatch}",
    ),
    "unit_late": ("{dispatch}: {unit} の到着が遅れている", "Unit {unit} is late: {dispatch}"),
    "relief_sought": (
        "{dispatch}: {unit} の遅れのため別の隊員を手配",
        "Another unit is sought, {unit} being late: {dispatch}",
    ),
    "unit_replaced": (
        "{dispatch}: {before} に代わり {unit} が担当",
        "Unit {unit} goes in place of {before}: {dispatch}",
    ),
    "unit_safe": ("{dispatch}: {unit} の安全を確認", "Unit {unit} says that they are well: {dispatch}"),
    "scene_checked": ("現場の確認: {item} ({state})", "Checked on the scene: {item} ({state})"),
    "photo_added": (
        "現場の写真を追加[ ({bytes} バイト)]",
        "A photo of the scene was added[ ({bytes} bytes)]",
    ),
    "line_connected": ("{party}の電話を会議通話に接続", "On the line together: {party}[ (call {attempt})]"),
    "recorded": ("通話の録音を保存[ ({length_s} 秒)]", "The conversation was recorded[ ({length_s} s)]"),
    "help_called_off": (
        "担当者 {operator} が{dispatch}を取り消し",
        "Called off by operator {operator}: {dispatch}",
    ),
    "command_queued": ("車載装置の表示を指示: {light}", "The device is told to show: {light}"),
    "command_done": ("車載装置の表示: {light}[ ({result})]", "The device shows: {light}[ ({result})]"),
    "effect_failed": ("送信できず: {what}[ ({reason})]", "Could not be sent: {what}[ ({reason})]"),
    "note": ("担当者がメモを記入", "An operator wrote a note"),
    "released": ("担当者 {operator} が担当を外れた", "Given back by operator {operator}"),
    "plan_paused": (
        "担当者 {operator} が対応計画を {until} まで一時停止[ (理由: {why})]",
        "The plan was paused until {until} by operator {operator}[: {why}]",
    ),
    "plan_resumed": (
        "対応計画を再開 ({resumed})[、担当者 {operator}]",
        "The plan goes on ({resumed})[, operator {operator}]",
    ),
    "step_now": (
        "担当者 {operator} が手順を繰り上げて実行: {step}",
        "A planned step was done at once by operator {operator}: {step}",
    ),
    "step_off": (
        "担当者 {operator} が予定の手順を取りやめ: {step}[ (理由: {why})]",
        "A planned step was called off by operator {operator}: {step}[ ({why})]",
    ),
    "answer_withdrawn": (
        "担当者 {operator} が記録した回答を取り消し: {answer}",
        "A recorded answer was withdrawn by operator {operator}: {answer}",
    ),
    "reopened": (
        "担当者 {operator} が案件を再開[ (理由: {why})]",
        "Reopened by operator {operator}[: {why}]",
    ),
    "merged": (
        "担当者 {operator} が案件 {into} に統合[ (理由: {why})]",
        "Merged into incident {into} by operator {operator}[: {why}]",
    ),
    "merged_from": (
        "担当者 {operator} が案件 {incident} をこの案件に統合",
        "Incident {incident} was merged into this one by operator {operator}",
    ),
    "dispatch_taken_over": (
        "{dispatch}: 案件 {incident} から {unit} を引き継ぎ",
        "Unit {unit} was taken over from incident {incident}: {dispatch}",
    ),
    "closed": ("案件を終了: {outcome}[ (担当者 {operator})]", "Closed: {outcome}[, by operator {operator}]"),
}
_VALUES: Final[Mapping[str, Words]] = {
    "trigger": TRIGGER,
    "severity": SEVERITY,
    "party": PARTY,
    "by": PARTY,
    "who": CALLER,
    "answer": ANSWER,
    "via": VIA,
    "task": TASK,
    "reason": ALARM_REASON,
    "dispatch": DISPATCH,
    "light": LIGHT,
    "machine": MACHINE,
    "result": RESULT,
    "outcome": OUTCOME,
    "status": CALL_END,
    "template": TEMPLATE,
    "what": CHANNEL,
    "round": ROUND,
    "road": ROAD,
    "step": STEP,
    "about": REMINDER,
    "resumed": RESUMED,
    "item": CHECK,
    "state": CHECK_STATE,
}
_MOMENTS: Final = frozenset({"eta_at", "since", "until"})
_OPTIONAL: Final = re.compile(r"\[([^\]]*)\]")
_FIELD: Final = re.compile(r"\{(\w+)\}")


def told(kind: str, data: Mapping[str, Any], language: Language) -> str:
    """A line of the record in words."""
    if kind not in PHRASES:
        return " ".join([kind, *(f"{key}={value}" for key, value in data.items())])
    if kind == "ambulance_asked" and not data.get("operator"):
        kind = "ambulance_needed"  # so it was called in older records
    phrase = PHRASES[kind][0 if language is Language.JA else 1]
    values = {
        key: _value(key, value, language) for key, value in data.items() if value is not None and value != ""
    }
    # Only our own phrase is searched for [] and {}: what people entered comes in at the end, once.
    kept = _OPTIONAL.sub(
        lambda part: part[1] if all(name in values for name in _FIELD.findall(part[1])) else "", phrase
    )
    return _FIELD.sub(lambda field: values.get(field[1], "?"), kept)


def _value(key: str, value: Any, language: Language) -> str:
    if key in _MOMENTS and isinstance(value, str):
        return _clock(value)
    return word(_VALUES.get(key, {}), str(value), language)


def _clock(text: str) -> str:
    try:
        return datetime.fromisoformat(text).astimezone(JAPAN_TIME).strftime("%H:%M:%S")
    except ValueError:
        return text
