"""Names of the vocabulary as people read them, Japanese first; one that is not known here is shown as it is."""

from __future__ import annotations

from typing import Final

from schemas.incident import Language

Words = dict[str, tuple[str, str]]
"""A name of the vocabulary, in Japanese and in English."""

TRIGGER: Final[Words] = {
    "impact": ("車載装置が検知した衝撃", "an impact noticed by the device"),
    "long_press": ("ボタンの長押し", "a long press of the button"),
    "short_press": ("ボタンの短押し", "a short press of the button"),
    "phone_crash": ("スマートフォンの衝突検知", "a crash noticed by the phone"),
    "call": ("契約者からの電話", "a call from the policyholder"),
}
PHASE: Final[Words] = {
    "reaching": ("連絡中", "trying to reach the driver"),
    "helping": ("対応中", "help is given"),
    "settling": ("確認中", "a call back remains"),
    "closed": ("終了", "closed"),
}
ANSWER: Final[Words] = {
    "fine": ("問題ない", "all is well"),
    "help": ("助けが必要", "help is needed"),
    "ambulance": ("救急車が必要", "an ambulance is needed"),
    "operator": ("担当者と話したい", "wants to speak to an operator"),
    "accident": ("事故", "an accident"),
    "mistake": ("押し間違い", "pressed by mistake"),
}
OUTCOME: Final[Words] = {
    "accident": ("事故", "accident"),
    "trouble": ("故障・トラブル", "breakdown or other trouble"),
    "driver_fine": ("運転者が問題ないと回答", "the driver said all is well"),
    "false_alarm": ("誤報", "false alarm"),
    "mistake": ("誤操作", "pressed by mistake"),
    "pothole": ("誤報 (路面の段差・穴)", "false alarm: pothole or bump"),
    "drop": ("誤報 (装置の落下)", "false alarm: the device was dropped"),
    "test": ("試験", "test"),
    "merged": ("別の案件に統合", "merged into another incident"),
}
PARTY: Final[Words] = {
    "driver": ("運転者", "the driver"),
    "contact": ("緊急連絡先", "the emergency contact"),
    "operator": ("担当者", "an operator"),
    "caller": ("電話をかけてきた方", "a caller"),
}
CALLER: Final[Words] = {
    **PARTY,
    "holder": ("契約者", "the policyholder"),
    "unknown": ("番号から特定できない方", "somebody whose number is not known"),
    "stranger": ("番号から特定できない方", "somebody whose number is not known"),
}
VIA: Final[Words] = {
    "key": ("電話のキー", "a key on the phone"),
    "speech": ("音声", "speech"),
    "voice": ("音声", "speech"),
    "app": ("アプリ", "the app"),
    "sms": ("SMS", "SMS"),
    "link": ("回答ページ", "the answer page"),
    "operator": ("担当者の聞き取り", "an operator who heard it"),
}
DISPATCH: Final[Words] = {
    "guard": ("現場急行サービス", "a guard"),
    "roadside": ("ロードサービス", "roadside assistance"),
    "tow": ("レッカー", "a tow truck"),
    "battery": ("バッテリー対応", "battery service"),
    "tyre": ("タイヤ対応", "tyre service"),
    "key": ("鍵開け", "key service"),
    "fuel": ("燃料補給", "fuel"),
}
DISPATCH_STATE: Final[Words] = {
    "requested": ("依頼", "requested"),
    "offered": ("打診中", "offered"),
    "accepted": ("受諾", "accepted"),
    "en_route": ("移動中", "on the way"),
    "on_scene": ("現場到着", "on the scene"),
    "secured": ("安全確保済み", "scene secured"),
    "completed": ("完了", "completed"),
    "declined": ("辞退", "declined"),
    "offer_expired": ("応答なし", "offer not answered"),
    "stood_down": ("取り消し", "called off"),
    "failed": ("手配できず", "no unit found"),
}
AMBULANCE: Final[Words] = {
    "needed": ("要請が必要", "to be asked for"),
    "asked": ("要請済み", "asked for"),
    "accepted": ("受付済み", "accepted"),
    "arrived": ("到着", "arrived"),
    "refused": ("断られた", "refused"),
    "cancelled": ("取り消し", "cancelled"),
}
OFFER_STATE: Final[Words] = {
    "open": ("回答待ち", "not answered yet"),
    "accepted": ("受諾", "accepted"),
    "declined": ("辞退", "declined"),
    "expired": ("応答なし", "not answered in time"),
    "taken": ("他の隊員が受諾", "somebody else accepted"),
    "withdrawn": ("打診を取り下げ", "withdrawn"),
    "stood_down": ("出動を取り消し", "called off"),
    "completed": ("完了", "completed"),
}
REMINDER: Final[Words] = {
    "depart": ("出発の確認", "to set off"),
    "confirm_safe": ("安全の確認", "to say that they are well"),
}
CHECK: Final[Words] = {
    "people_safe": ("人の安全", "people are safe"),
    "triangle_and_hazard_lights": ("三角表示板とハザードランプ", "warning triangle and hazard lights"),
    "secondary_accident_prevention": ("二次事故の防止", "prevention of a second accident"),
    "ambulance": ("救急車", "ambulance"),
    "police": ("警察", "police"),
    "photos": ("写真", "photos"),
    "other_party": ("相手方", "the other party"),
    "towing": ("レッカー", "towing"),
}
CHECK_STATE: Final[Words] = {"done": ("済み", "done"), "not_needed": ("不要", "not needed")}
CALL_STATE: Final[Words] = {
    "waiting": ("発信待ち", "waiting to be placed"),
    "sending": ("発信処理中", "being placed"),
    "unknown": ("発信の成否を確認中", "not known whether it was placed"),
    "placed": ("発信済み", "placed"),
    "ringing": ("呼出中", "ringing"),
    "answered": ("通話中", "answered"),
    "ended": ("終了", "ended"),
}
CALL_END: Final[Words] = {
    "completed": ("通話終了", "completed"),
    "no-answer": ("応答なし", "no answer"),
    "busy": ("話し中", "busy"),
    "failed": ("接続できず", "could not be connected"),
    "canceled": ("当方で取り止め", "withdrawn by us while ringing"),
    "withdrawn": ("発信前に取り止め", "withdrawn before it was placed"),
    "no_number": ("番号の登録なし", "no number on record"),
}
CHANNEL: Final[Words] = {
    "push": ("アプリ通知", "push message"),
    "sms": ("SMS", "SMS"),
    "email": ("メール", "e-mail"),
    "mail": ("メール", "e-mail"),
    "call": ("電話", "call"),
}
DELIVERY: Final[Words] = {
    "waiting": ("送信待ち", "waiting"),
    "sent": ("送信済み", "sent"),
    "delivered": ("配信確認済み", "delivered"),
    "failed": ("送信失敗", "failed"),
    "unknown": ("成否不明", "not known"),
    "read": ("既読", "read"),
    "skipped": ("送信見送り", "skipped"),
    "expired": ("期限切れ", "expired"),
}
TASK: Final[Words] = {
    "take": ("案件の引き受け", "take the incident"),
    "call_back": ("折り返し電話", "call the driver back"),
    "request_ambulance": ("救急車の要請 (119番)", "request an ambulance (119)"),
    "no_unit": ("派遣できる隊員がいない", "no unit is free"),
}
ALARM_REASON: Final[Words] = {
    "plan": ("対応計画による", "by the plan"),
    "contact": ("緊急連絡先からの情報", "the emergency contact knows something"),
    "fine_after_impact": ("衝撃の後に「問題ない」との回答", "said to be fine after an impact"),
    "silent_on_line": ("電話口で応答なし", "silence on the line"),
    "silent": ("電話口で応答なし", "silence on the line"),
    "no_answer": ("応答なし", "no answer"),
    "still_waiting": ("引き受け待ちが続いている", "still waiting"),
    "not_taken": ("引き受けがなかった", "nobody took it"),
    "answered": ("電話に応答があった", "the call was answered"),
    "no_unit": ("派遣できる隊員がいない", "no unit is free"),
    "carrier_down": ("電話会社に接続できない", "the telephone carrier cannot be reached"),
    "ambulance_refused": ("救急の要請が断られた", "the ambulance was refused"),
    "no_number": ("番号の登録なし", "no number on record"),
    "joined": ("新たな知らせが加わった", "something joined it"),
    "device_silent": ("車載装置からの通信が途絶", "the device has fallen silent"),
    "lone_worker": ("隊員の安全が確認できない", "nothing was heard of who works on the scene"),
    "expressway": ("高速道路のため隊員の派遣を中止", "an expressway: no guard is sent by itself"),
    "guard_to_expressway": ("隊員が高速道路に向かっている", "a guard is on the way to an expressway"),
    "nobody_came": ("誰も現場に着いていない", "nobody has come"),
    "nobody_else": ("ほかに向かえる隊員がいない", "nobody else can go"),
    "not_departed": ("隊員が出発しない", "the unit does not set off"),
    "unit_late": ("隊員の到着が遅れている", "the unit is late"),
    "unit_much_later": ("到着が大幅に遅れる見込み", "the unit will be much later"),
    "spoke": ("電話口で話した", "somebody spoke"),
    "stayed": ("切らずに待っている", "stayed on the line"),
    "forgotten": ("次の対応が予定されていなかった", "nothing would have come of it any more"),
    "wrote": ("メッセージが届いた", "somebody wrote"),
    "operator_left": ("担当者が通話を離れた", "the operator left the line"),
    "left_waiting": ("電話口で待たせている", "somebody waits on the line"),
    "released": ("担当者が担当を外れた", "whoever had it gave it back"),
    "plan_over": ("対応計画に残りの手順がない", "nothing of the plan is left to come"),
    "answer_withdrawn": ("記録した回答を取り消した", "a recorded answer was withdrawn"),
    "reopened": ("案件を再開した", "the incident was reopened"),
    "merged": ("別の案件から引き継いだ", "taken over from a merged incident"),
    **ANSWER,
}
RESUMED: Final[Words] = {
    "time": ("時間が来たため", "its time was over"),
    "operator": ("担当者の指示", "an operator ordered it"),
    "raised": ("より重い事態になったため", "it became graver"),
    "joined": ("新たな知らせが加わったため", "something joined it"),
    "answered": ("回答があったため", "there was an answer"),
    "closed": ("案件の終了", "the incident was closed"),
}
LIGHT: Final[Words] = {
    "CONNECTED": ("受け付けました", "connected"),
    "HELP_COMING": ("救援が向かっています", "help is coming"),
    "ARRIVED": ("到着しました", "help has arrived"),
    "ENDED": ("終了", "ended"),
}
MACHINE: Final[Words] = {"True": ("機械(留守番電話など)", "a machine"), "False": ("人", "a person")}
RESULT: Final[Words] = {"DONE": ("実行済み", "done"), "EXPIRED": ("期限切れ", "expired")}
ROUND: Final[Words] = {
    "taker_or_free": (
        "引き受けた担当者、または空いている担当者",
        "whoever took it, or the operator free for longest",
    ),
    "all": ("空いている担当者全員", "all free operators"),
    "supervisor": ("責任者", "the supervisors"),
    "second_site": ("第二拠点", "the second site"),
}
STEP: Final[Words] = {
    "push": ("アプリへの通知", "push message"),
    "sms": ("SMS", "SMS"),
    "call_driver": ("運転者への電話", "call to the driver"),
    "call_contact": ("緊急連絡先への電話", "call to the emergency contact"),
    "alarm_operator": ("担当者への警報", "alarm of the operators"),
    "ask_ambulance": ("救急車の要請の依頼", "request for an ambulance"),
    "list_call_back": ("折り返し電話の一覧に追加", "call-back list"),
    "offer_help": ("出動の打診", "offer of help"),
    "send_help": ("出動", "sending help"),
}
ROAD: Final[Words] = {
    "general": ("一般道", "an ordinary road"),
    "expressway": ("高速道路", "an expressway"),
    "unknown": ("道路の種類は不明", "a road of unknown kind"),
}
TEMPLATE: Final[Words] = {
    "severe": ("強い衝撃の知らせ", "severe impact"),
    "late": ("遅れて届いた知らせ", "late message"),
    "moderate": ("衝撃の確認", "moderate impact"),
    "light": ("軽い衝撃の確認", "light impact"),
    "short_press": ("ボタン受付", "short press"),
    "trouble": ("困りごとの確認", "what is the trouble"),
    "expressway": ("高速道路での避難の案内", "how to be safe on an expressway"),
    "ambulance_accepted": ("救急車が向かう知らせ", "an ambulance is on its way"),
    "reach_text": ("文字での連絡の案内", "how to answer in writing"),
    "operator_wrote": ("担当者からのメッセージの知らせ", "an operator wrote"),
    "wrote": ("メッセージを受け取った知らせ", "what they wrote has arrived"),
    "report": ("対応後の報告", "report afterwards"),
    "help_accepted": ("救援が向かう知らせ", "help is on its way"),
    "help_late": ("到着遅れの知らせ", "help is late"),
    "link": ("回答ページの案内", "link to the answer page"),
}
FLAG: Final[Words] = {
    "late": ("遅れて届いた", "arrived late"),
    "no_position": ("位置情報なし", "no position"),
    "no_policy": ("契約が見つからない", "no policy found"),
    "policy_lapsed": ("契約期間外", "policy not in force"),
    "unknown_caller": ("知らない番号からの電話", "rung from a number nobody knows"),
    "contact_rang": ("緊急連絡先からの連絡", "the emergency contact told us"),
}
ACTOR: Final[Words] = {
    "device": ("車載装置", "the device"),
    "system": ("システム", "the system"),
    "auditor": ("監査プログラム", "the auditor"),
    "carrier": ("電話会社", "the telephone carrier"),
    "driver": ("運転者", "the driver"),
    "contact": ("緊急連絡先", "the emergency contact"),
    "caller": ("電話をかけてきた方", "a caller"),
    "provider": ("手配先", "provider"),
    "phone": ("運転者の携帯電話", "the driver's phone"),
    "operator": ("担当者", "operator"),
    "unit": ("隊員", "unit"),
    "admin": ("管理者", "administrator"),
    "terminal": ("管理端末", "terminal"),
}
ACTION: Final[Words] = {
    "incident.read": ("案件の閲覧", "read the incident"),
    "incident.events": ("記録の閲覧", "read the record"),
    "incident.messages": ("メッセージの閲覧", "read the messages"),
    "incident.ambulance": ("救急要請の文面の閲覧", "read the request for an ambulance"),
    "incident.dossier": ("本記録書の作成", "made this dossier"),
    "impact.read": ("衝撃データの閲覧", "read an impact"),
    "impact.draw": ("衝撃の図の閲覧", "looked at the drawing of an impact"),
}
SEVERITY: Final[Words] = {
    "none": ("衝撃なし", "no impact"),
    "knock": ("軽い接触", "knock"),
    "light": ("軽い衝撃", "light impact"),
    "moderate": ("中程度の衝撃", "moderate impact"),
    "severe": ("強い衝撃", "severe impact"),
    "very_severe": ("非常に強い衝撃", "very severe impact"),
}


def word(words: Words, name: str | None, language: Language) -> str:
    """A name in a language; unknown ones as they are, none as nothing."""
    if name is None:
        return ""
    ja, en = words.get(name, (name, name))
    return ja if language is Language.JA else en


def actor(name: str, language: Language) -> str:
    """Who did something: `operator:sato`, `unit:guard-1`, `device`."""
    role, _, who = name.partition(":")
    return f"{word(ACTOR, role, language)} {who}".strip()
