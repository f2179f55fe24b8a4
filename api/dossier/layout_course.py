"""What was done, by whom and when: the sections of a dossier on its course. Pure."""

from __future__ import annotations

from api.dossier.blocks import Block, Facts, Prose, Section, Table
from api.dossier.document import Dossier, Record
from api.dossier.events import told
from api.dossier.facts import CallFacts, DispatchFacts
from api.dossier.saying import Saying
from incident.wording.vocabulary import (
    ACTION,
    ANSWER,
    CALL_END,
    CALL_STATE,
    CHANNEL,
    CHECK,
    CHECK_STATE,
    DELIVERY,
    DISPATCH,
    DISPATCH_STATE,
    OFFER_STATE,
    OUTCOME,
    PARTY,
    PHASE,
    TRIGGER,
)


def course(record: Record, say: Saying) -> list[Section]:
    """Time line, contacts, dispatches, presses and notes."""
    sections = [
        Section(say("時系列", "Time line"), [_timeline(record, say)]),
        Section(
            say("連絡の記録", "Contacts"),
            [*_calls(record, say), *_messages(record, say), *_chat(record, say)],
        ),
        Section(say("出動の記録", "Dispatches"), _dispatches(record, say)),
    ]
    if record.presses:
        sections.append(Section(say("ボタンの操作", "Presses of the button"), [_presses(record, say)]))
    if record.notes:
        sections.append(Section(say("担当者のメモ", "Notes of operators"), [_notes(record, say)]))
    return [*sections, Section(say("結果", "How it ended"), [_end(record, say)])]


def look_ups(dossier: Dossier, say: Saying) -> Section:
    """Who looked at it."""
    heading = say("閲覧の記録", "Look-ups")
    if not dossier.look_ups:
        return Section(heading, [Prose(say("閲覧の記録はありません。", "Nobody has looked at it."))])
    table = Table(
        [say("時刻", "Time"), say("閲覧者", "Who"), say("内容", "What"), say("理由", "Why")],
        [0, 2, 3, 3],
        [
            [say.moment(each.at), say.actor(each.actor), say.word(ACTION, each.action), each.reason]
            for each in dossier.look_ups
        ],
    )
    return Section(heading, [table])


def _timeline(record: Record, say: Saying) -> Table:
    return Table(
        [
            say("時刻", "Time"),
            say("経過 (秒)", "After (s)"),
            say("出所", "By"),
            say("出来事", "What happened"),
        ],
        [0, 0, 1.6, 6],
        [
            [
                say.clock(event.at),
                say.since(event.at),
                say.actor(event.actor),
                told(event.kind, event.data, say.language),
            ]
            for event in record.events
        ],
    )


def _calls(record: Record, say: Saying) -> list[Block]:
    if not record.calls:
        return [Prose(say("電話の記録はありません。", "No calls are on record."))]
    return [
        Table(
            [
                say("電話の相手", "Call to"),
                say("番号", "Number"),
                say("発信", "Placed"),
                say("呼出", "Rang"),
                say("通話", "Talked"),
                say("キー", "Key"),
                say("結果", "Result"),
            ],
            [2.2, 0, 0, 0, 0, 0, 3.2],
            [_call(call, say) for call in record.calls],
        )
    ]


def _call(call: CallFacts, say: Saying) -> list[str]:
    ended = say.word(CALL_END, call.end_status) if call.end_status else say.word(CALL_STATE, call.state)
    inbound = call.direction == "inbound"
    remarks = (
        (call.possible_duplicate, say("二重発信の可能性", "may have been placed twice")),
        (bool(call.machine), say("留守番電話の可能性", "may have been voicemail")),
        (bool(call.spoken), say(f"音声認識「{call.spoken}」", f"understood: '{call.spoken}'")),
    )
    return [
        " ".join(part for part in (say.word(PARTY, call.party), call.operator, f"({call.attempt})") if part),
        call.number or "–",
        say.clock(call.created_at) if inbound else say.clock(call.sent_at) or say("発信せず", "not placed"),
        say("着信", "inbound") if inbound else say.length(call.rang_s) if call.sent_at else "–",
        "–" if call.answered_at is None else say.length(call.talked_s),
        call.pressed or "–",
        say.all_of(ended, *(words for so, words in remarks if so)),
    ]


def _messages(record: Record, say: Saying) -> list[Block]:
    if not record.messages:
        return [Prose(say("文字による連絡の記録はありません。", "No messages are on record."))]
    return [
        Table(
            [
                say("手段", "By"),
                say("宛先", "To"),
                say("作成", "Written"),
                say("送信", "Sent"),
                say("状態", "State"),
                say("本文", "Words"),
            ],
            [1.5, 0, 0, 0, 1.7, 6],
            [
                [
                    say.word(CHANNEL, each.channel),
                    each.number or each.email or say.word(PARTY, each.party),
                    say.clock(each.created_at),
                    say.clock(each.sent_at) or "–",
                    say.all_of(say.word(DELIVERY, each.state), say.clock(each.delivered_at), each.code or ""),
                    "\n".join(part for part in (each.subject, each.body) if part),
                ]
                for each in record.messages
            ],
        )
    ]


def _chat(record: Record, say: Saying) -> list[Block]:
    if not record.chat:
        return []
    return [
        Table(
            [
                say("時刻", "Time"),
                say("やりとりの相手", "Conversation with"),
                say("発言者", "By"),
                say("本文", "Words"),
            ],
            [0, 1.4, 1.4, 6],
            [
                [
                    say.clock(each.at),
                    say.word(PARTY, each.party),
                    say.word(PARTY, each.party)
                    if each.operator is None
                    else say.actor(f"operator:{each.operator}"),
                    each.text,
                ]
                for each in record.chat
            ],
        )
    ]


def _dispatches(record: Record, say: Saying) -> list[Block]:
    if not record.dispatches:
        return [Prose(say("出動の依頼はありません。", "Nobody was sent."))]
    return [block for each in record.dispatches for block in _dispatch_blocks(each, say)]


def _dispatch_blocks(each: DispatchFacts, say: Saying) -> list[Block]:
    blocks: list[Block] = [Facts(_dispatch(each, say))]
    if each.offers:
        blocks.append(_offers(each, say))
    if each.checks:
        blocks.append(_checks(each, say))
    return blocks


def _offers(each: DispatchFacts, say: Saying) -> Table:
    return Table(
        [
            say("打診先", "Asked"),
            say("打診", "At"),
            say("回答", "Answered"),
            say("距離", "Distance"),
            say("見込み", "Arrival"),
            say("結果", "Result"),
        ],
        [2, 0, 0, 0, 0, 3],
        [
            [
                offer.asked,
                say.clock(offer.offered_at),
                say.clock(offer.answered_at) or "–",
                "–" if offer.distance_km is None else f"{offer.distance_km:.1f} km",
                "–" if offer.arrival_s is None else f"{offer.arrival_s / 60:.0f} {say('分', 'min')}",
                say.all_of(say.word(OFFER_STATE, offer.state), offer.reason),
            ]
            for offer in each.offers
        ],
    )


def _checks(each: DispatchFacts, say: Saying) -> Table:
    return Table(
        [
            say("現場の確認", "Checked on the scene"),
            say("時刻", "At"),
            say("結果", "Result"),
            say("記入者", "By"),
            say("備考", "Note"),
        ],
        [2.4, 0, 1.2, 1.6, 2.4],
        [
            [
                say.word(CHECK, check.item),
                say.clock(check.at),
                say.word(CHECK_STATE, check.state),
                say.actor(check.by),
                check.note,
            ]
            for check in each.checks
        ],
    )


def _dispatch(each: DispatchFacts, say: Saying) -> list[tuple[str, str]]:
    unit = say.all_of(each.unit_name or "", each.unit_id or "")
    steps = (
        (say("依頼", "requested"), each.requested_at),
        (say("打診", "offered"), each.offered_at),
        (say("受諾", "accepted"), each.accepted_at),
        (say("出発", "set off"), each.en_route_at),
        (say("現場到着", "on scene"), each.on_scene_at),
        (say("安全確保", "secured"), each.secured_at),
        (say("終了", "ended"), each.ended_at),
    )
    return [
        (say("種別", "Kind"), f"{say.word(DISPATCH, each.kind)}: {say.word(DISPATCH_STATE, each.state)}"),
        (say("隊員", "Unit"), unit),
        (say("事業者", "Provider"), say.all_of(each.provider_id or "", each.crew or "")),
        (say("指示した担当者", "Sent by"), each.sent_by or ""),
        (say("経過", "Course"), say.all_of(*(f"{words} {say.clock(at)}" for words, at in steps if at))),
        (say("到着見込み", "Expected"), say.clock(each.eta_at)),
        (say("報告", "Report"), each.report),
        (say("確認を省いた理由", "Why not all was checked"), each.unchecked_reason or ""),
        (
            say("写真", "Photos"),
            say.all_of(*(f"{say.clock(photo.at)} SHA-256 {photo.sha256}" for photo in each.photos)),
        ),
    ]


def _presses(record: Record, say: Saying) -> Table:
    return Table(
        [
            say("時刻", "Time"),
            say("経過 (秒)", "After (s)"),
            say("操作", "Press"),
            say("長さ", "Held"),
            say("受信", "Received"),
            say("備考", "Remarks"),
        ],
        [0, 0, 2, 0, 0, 2],
        [
            [
                say.clock(each.at),
                say.since(each.at),
                say.word(TRIGGER, each.kind),
                f"{each.held_ms} ms",
                say.clock(each.received_at),
                say.all_of(say("遅れて届いた", "arrived late") if each.late else "", *each.defects),
            ]
            for each in record.presses
        ],
    )


def _notes(record: Record, say: Saying) -> Table:
    return Table(
        [say("時刻", "Time"), say("記入者", "By"), say("メモ", "Note")],
        [0, 1.4, 6],
        [[say.clock(each.at), each.author, each.text] for each in record.notes],
    )


def _end(record: Record, say: Saying) -> Facts:
    incident = record.incident
    return Facts(
        [
            (say("状態", "State"), say.word(PHASE, incident.phase)),
            (
                say("運転者の回答", "Driver's answer"),
                say.word(ANSWER, incident.answer) or say("なし", "none"),
            ),
            (say("担当者", "Operator"), incident.taken_by or say("引き受けなし", "nobody took it")),
            (say("終了時刻", "Closed at"), say.moment(incident.closed_at)),
            (say("判明した内容", "Found to be"), say.word(OUTCOME, incident.outcome)),
        ]
    )
