"""A dossier as a sheet to print, in one language. Pure: the same dossier gives the same sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from api.dossier.blocks import Block, Facts, Prose, Section, Sheet
from api.dossier.document import Dossier, Record
from api.dossier.layout_course import course, look_ups
from api.dossier.layout_impact import coordinates, delta_v, impact_sections, place
from api.dossier.outline import Prefecture
from api.dossier.saying import Saying
from incident.wording.vocabulary import DISPATCH, DISPATCH_STATE, FLAG, OUTCOME, PHASE, SEVERITY, TRIGGER
from schemas.incident import Language

_KINDS: Final = {
    "events": ("出来事", "events"),
    "presses": ("ボタンの操作", "presses"),
    "calls": ("電話", "calls"),
    "messages": ("連絡文", "messages"),
    "chat": ("やりとり", "lines of conversation"),
    "dispatches": ("出動", "dispatches"),
    "notes": ("メモ", "notes"),
    "impacts": ("衝撃", "impacts"),
}


def lay_out(dossier: Dossier, insurer: str, prefectures: Sequence[Prefecture], language: Language) -> Sheet:
    """The document; `insurer` is the insurer's name in its language."""
    record = dossier.record
    say = Saying(language, record.incident.occurred_at)
    by = dossier.generated
    return Sheet(
        language=language,
        title=say("事故対応記録書", "Incident dossier"),
        subtitle=f"{insurer}  ·  {say('案件', 'Incident')} {record.incident.id}",
        headline=_headline(record, say),
        facts=Facts(_summary(record, say)),
        sections=[
            _who(record, say),
            place(record, prefectures, say),
            *impact_sections(record, say),
            *course(record, say),
            look_ups(dossier, say),
            _origin(dossier, say),
        ],
        foot=[
            f"SHA-256 {dossier.digest}",
            say(
                f"作成 {say.moment(by.at)} (日本時間)、{say.actor(by.by)}。個人情報を含む文書です。",
                f"Made {say.moment(by.at)} (Japan time) by {say.actor(by.by)}. Contains personal data.",
            ),
        ],
        page=say("{page} / {pages} ページ", "Page {page} of {pages}"),
    )


def _headline(record: Record, say: Saying) -> str:
    incident = record.incident
    what = say.word(SEVERITY, incident.severity) if incident.severity else say.word(TRIGGER, incident.trigger)
    what = what if say.language is Language.JA else what[:1].upper() + what[1:]
    return f"{what}  ·  {say.moment(incident.occurred_at)} ({say('日本時間', 'Japan time')})"


def _summary(record: Record, say: Saying) -> list[tuple[str, str]]:
    incident, contract = record.incident, record.contract
    hardest = max(record.impacts, key=lambda each: each.delta_v_kmh, default=None)
    where = record.place.words.get(say.language, "") if record.place else ""
    help_sent = [
        f"{say.word(DISPATCH, each.kind)} ({say.word(DISPATCH_STATE, each.state)})"
        for each in record.dispatches
    ]
    placed = [
        call for call in record.calls if call.sent_at is not None and call.party in ("driver", "contact")
    ]
    answered = sum(call.answered_at is not None for call in placed)
    state = say.word(PHASE, incident.phase)
    outcome = say.word(OUTCOME, incident.outcome)
    return [
        (
            say("契約者", "Policyholder"),
            contract.holder.name if contract else say("契約なし", "no policy found"),
        ),
        (say("車両", "Car"), _car(record)),
        (say("発端", "Opened by"), say.word(TRIGGER, incident.trigger)),
        (say("速度変化 (ΔV)", "Velocity change (ΔV)"), delta_v(hardest, say) if hardest else ""),
        (say("場所", "Place"), say.all_of(where, coordinates(record))),
        (
            say("開始", "Opened at"),
            f"{say.moment(incident.opened_at)} ({say.since(incident.opened_at)} {say('秒', 's')})",
        ),
        (
            say("電話", "Calls"),
            say(f"{len(placed)} 回発信、応答 {answered} 回", f"{len(placed)} placed, {answered} answered"),
        ),
        (say("出動", "Help"), say.all_of(*help_sent)),
        (say("状態", "State"), f"{state}: {outcome}" if outcome else state),
        (say("注意", "Note"), say.all_of(*(say.word(FLAG, flag) for flag in incident.flags))),
    ]


def _car(record: Record) -> str:
    vehicle = record.contract.vehicle if record.contract else None
    return (
        " ".join(part for part in (vehicle.plate, vehicle.model, vehicle.colour) if part) if vehicle else ""
    )


def _who(record: Record, say: Saying) -> Section:
    heading = say("契約・車両・連絡先", "Policy, car and contacts")
    device = record.device
    of_device: list[tuple[str, str]] = [
        (say("車載装置", "Device"), device.id if device else ""),
        (say("ファームウェア", "Firmware"), (device.firmware or "") if device else ""),
    ]
    if record.contract is None:
        missing = Prose(say("契約は見つかっていません。", "No policy was found."))
        return Section(heading, [missing, Facts(of_device)])
    contract = record.contract
    contacts = [
        say.all_of(f"{each.name}{f' ({each.relation})' if each.relation else ''}", each.number)
        for each in contract.holder.emergency_contacts
    ]
    return Section(
        heading,
        [
            Facts(
                [
                    (say("証券番号", "Policy"), contract.policy_id),
                    (
                        say("契約期間", "In force"),
                        say(
                            f"{contract.valid_from} から {contract.valid_to}",
                            f"{contract.valid_from} to {contract.valid_to}",
                        ),
                    ),
                    (say("契約者", "Policyholder"), contract.holder.name),
                    (
                        say("電話", "Telephone"),
                        say.all_of(*contract.holder.phones),
                    ),
                    (say("車両", "Car"), _car(record)),
                    *((say("緊急連絡先", "Emergency contact"), each) for each in contacts),
                    *of_device,
                ]
            )
        ],
    )


def _origin(dossier: Dossier, say: Saying) -> Section:
    record, by = dossier.record, dossier.generated
    facts = Facts(
        [
            (say("作成", "Made at"), f"{say.moment(by.at)} ({say('日本時間', 'Japan time')})"),
            (say("作成者", "Made by"), say.actor(by.by)),
            (say("作成の理由", "Why"), by.reason),
            (
                say("対応計画", "Escalation plan"),
                say(
                    f"版 {record.plan.version}、規則「{record.incident.rule or '?'}」",
                    f"version {record.plan.version}, rule '{record.incident.rule or '?'}'",
                ),
            ),
            (say("計画の SHA-256", "SHA-256 of the plan"), record.plan.sha256),
            (
                say("検出器の版", "Detector versions"),
                say.all_of(*sorted({each.detector or "?" for each in record.impacts})),
            ),
            (say("ソフトウェアの版", "Software version"), by.software),
            (say("記録の SHA-256", "SHA-256 of the record"), dossier.digest),
        ]
    )
    blocks: list[Block] = [facts]
    if record.left_out:
        many = say.all_of(*(f"{say(*_KINDS[name])} {count}" for name, count in record.left_out.items()))
        blocks.append(
            Prose(say(f"件数が多いため省いたもの: {many}", f"Left out, there being very many: {many}"))
        )
    blocks.append(
        Prose(
            say(
                "この文書には同じ内容の JSON ファイル (dossier.json) が添付されています。各ページ下の SHA-256 は、その"
                "「record」(キー順、空白なし、UTF-8) から計算したものです。時刻は日本時間、経過は事象からの秒数です。"
                "書体にない文字は 〔U+XXXX〕 と表します。原文は添付の JSON にあります。",
                "The same content is attached to this document as JSON (dossier.json). The SHA-256 at the foot of each "
                "page is that of its member 'record' with sorted keys, without spaces, in UTF-8. Times are those of "
                "Japan, and 'after' is seconds since what happened. Characters the font lacks are shown as "
                "〔U+XXXX〕; the JSON has them as they were.",
            ),
            quiet=True,
        )
    )
    return Section(say("この文書について", "About this document"), blocks)
