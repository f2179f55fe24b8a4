"""What was done, for whoever takes over from the scene: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from incident.dispatch.brief import NEEDS
from incident.dispatch.checklist import NAMES, STATES, Check, Item
from incident.places.place import Words
from incident.wording import clock_time
from schemas.incident import DispatchKind

_MOMENTS: Final[Mapping[str, Words]] = {
    "requested_at": Words("依頼", "requested"),
    "accepted_at": Words("受諾", "accepted"),
    "en_route_at": Words("出発", "set off"),
    "on_scene_at": Words("到着", "on scene"),
    "secured_at": Words("安全確保", "secured"),
}


@dataclass(frozen=True, slots=True)
class Done:
    """What a dispatch came to; `moments` are times by the name of their column, as far as they were reached."""

    kind: DispatchKind
    who: str
    state: str
    moments: Mapping[str, datetime]
    ended_at: datetime | None
    checks: Mapping[Item, Check]
    photos: int
    report: str
    unchecked_reason: str

    @classmethod
    def of(cls, row: Mapping[str, Any], checks: Iterable[Mapping[str, Any]], photos: int) -> Done:
        """From the columns of a dispatch and the rows of its checklist."""
        return cls(
            kind=DispatchKind(row["kind"]),
            who=row["unit_name"] or "",
            state=row["state"],
            moments={name: row[name] for name in _MOMENTS if row[name] is not None},
            ended_at=row["ended_at"],
            checks={Item(check["item"]): Check(check["state"]) for check in checks},
            photos=photos,
            report=row["report"],
            unchecked_reason=row["unchecked_reason"] or "",
        )


_ENDS: Final[Mapping[str, Words]] = {
    "completed": Words("完了", "completed"),
    "stood_down": Words("出動取り消し", "stood down"),
    "failed": Words("手配できず", "nobody found"),
}


def summary(done: Done) -> Words:
    """In sentences: who, when, what was seen to and what was not, and the unit's own report."""
    need, who = NEEDS[done.kind], done.who
    moments = [(name, said) for name, said in _MOMENTS.items() if name in done.moments]
    ja = [f"{clock_time(done.moments[name])} {said.ja}" for name, said in moments]
    en = [f"{said.en} {clock_time(done.moments[name])}" for name, said in moments]
    if done.ended_at is not None and (end := _ENDS.get(done.state)):
        ja.append(f"{clock_time(done.ended_at)} {end.ja}")
        en.append(f"{end.en} {clock_time(done.ended_at)}")
    said_ja = [f"{need.ja}{f'({who})' if who else ''}: {'、'.join(ja)}。"]
    said_en = [f"{need.en[0].upper()}{need.en[1:]}{f' ({who})' if who else ''}: {', '.join(en)}."]
    if "on_scene_at" in done.moments:
        said_ja.append(_checks_ja(done))
        said_en.append(_checks_en(done))
    if done.unchecked_reason:
        said_ja.append(f"未確認のまま安全確保とした理由: {done.unchecked_reason}")
        said_en.append(f"Secured with items open because: {done.unchecked_reason}")
    if done.report:
        said_ja.append(f"報告: {done.report}")
        said_en.append(f"Report: {done.report}")
    return Words("\n".join(said_ja), "\n".join(said_en))


def _checks_ja(done: Done) -> str:
    parts = [f"{NAMES[item].ja} {STATES[state].ja}" for item, state in done.checks.items()]
    still = [NAMES[item].ja for item in Item if item not in done.checks]
    words = "、".join(parts) if parts else "記録なし"
    missing = f"。記録のない項目: {'、'.join(still)}" if still else ""
    return f"確認: {words}{missing}。写真{done.photos}枚。"


def _checks_en(done: Done) -> str:
    parts = [f"{NAMES[item].en} {STATES[state].en}" for item, state in done.checks.items()]
    still = [NAMES[item].en for item in Item if item not in done.checks]
    words = ", ".join(parts) if parts else "nothing on record"
    missing = f". Not on record: {', '.join(still)}" if still else ""
    return f"Checked: {words}{missing}. Photos: {done.photos}."
