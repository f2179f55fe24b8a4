"""What hit the car, how hard, and where: the sections of a dossier on impacts and place. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from api.dossier.blocks import Block, Facts, Figures, Prose, Section, Table
from api.dossier.document import Record
from api.dossier.facts import FireFacts, ImpactFacts
from api.dossier.map import Fix, region, track
from api.dossier.outline import SOURCE, Prefecture
from api.dossier.saying import Saying
from api.dossier.waveform import waveform
from api.impact_words import injury_basis, injury_name, percent
from incident.wording.vocabulary import ROAD, SEVERITY
from scoring.reasons import sentence


def impact_sections(record: Record, say: Saying) -> list[Section]:
    """One section for each impact."""
    found = record.impacts
    return [
        Section(
            say("衝撃の記録", "The impact") + (f" {number} / {len(found)}" if len(found) > 1 else ""),
            _impact(impact, say),
        )
        for number, impact in enumerate(found, start=1)
    ]


def delta_v(impact: ImpactFacts, say: Saying) -> str:
    """The velocity change with its range, and whether it is only a lower bound."""
    said = f"{impact.delta_v_kmh:.1f} km/h"
    if impact.delta_v_is_lower_bound:
        said = say(f"{said} 以上", f"at least {said}")
    if impact.delta_v_from_kmh is not None and impact.delta_v_to_kmh is not None:
        said += say(
            f" (推定範囲 {impact.delta_v_from_kmh:.1f}〜{impact.delta_v_to_kmh:.1f} km/h)",
            f" (expected within {impact.delta_v_from_kmh:.1f} to {impact.delta_v_to_kmh:.1f} km/h)",
        )
    return said


def place(record: Record, prefectures: Sequence[Prefecture], say: Saying) -> Section:
    """Coordinates, words and two maps."""
    where = record.place
    heading = say("場所", "Where")
    if where is None:
        return Section(heading, [Prose(say("場所は記録されていません。", "No place is on record."))])
    facts = Facts(
        [
            (say("座標", "Coordinates"), coordinates(record)),
            (say("場所の名称", "In words"), where.words.get(say.language, "")),
            (say("道路", "Road"), say.word(ROAD, where.road)),
            (say("管轄の消防", "Fire headquarters"), say.all_of(*(_fire(each, say) for each in where.fire))),
            (say("位置の時刻", "Positioned at"), say.moment(where.at)),
        ]
    )
    fixes = _fixes(record)
    figures = Figures(
        [
            (
                region(where.lat_deg, where.lon_deg, prefectures, say.language),
                say("都道府県の略図 (主な島のみ)", "Sketch of the prefectures around it (main islands only)"),
            ),
            (
                track(where.lat_deg, where.lon_deg, fixes, say.language),
                say(
                    "衝撃前60秒からのGPSの軌跡 (赤丸: 現場)",
                    "GPS track from 60 s before the shock (red circle: the scene)",
                )
                if fixes
                else say("現場 (軌跡の記録なし)", "The scene (no track on record)"),
            ),
        ]
    )
    source = say(
        f"略図の出典: {SOURCE}。道路や地形は描いていません。",
        f"Outline from {SOURCE}; roads and terrain are not drawn.",
    )
    return Section(heading, [facts, figures, Prose(source, quiet=True)])


def _fire(each: FireFacts, say: Saying) -> str:
    known = say(f"{each.as_of} 現在", f"as of {each.as_of}")
    return f"{each.name.get(say.language, '')} {each.number} ({known})"


def coordinates(record: Record) -> str:
    """Latitude and longitude, WGS 84."""
    where = record.place
    return "" if where is None else f"{where.lat_deg:.6f}, {where.lon_deg:.6f} (WGS 84)"


def _impact(impact: ImpactFacts, say: Saying) -> list[Block]:
    if impact.withdrawn:
        first: list[Block] = [
            Prose(
                say(
                    "現在分かっている限りでは、車への衝撃ではありません。",
                    "By what is known now, the car was not hit.",
                )
            )
        ]
    else:
        first = []
    drawn = waveform(impact, say.language)
    figure: Block = (
        Figures(
            [
                (
                    drawn,
                    say(
                        "波形・速度変化・GPS速度・力の方向 (車を上から見た図)",
                        "Motion, velocity change, speed by GPS, and where the force came from (car seen from above)",
                    ),
                )
            ]
        )
        if drawn
        else Prose(say("波形は残っていません。", "No motion is kept."))
    )
    return [*first, Facts(_measured(impact, say)), figure, *_injuries(impact, say), *_reasons(impact, say)]


def _measured(impact: ImpactFacts, say: Saying) -> list[tuple[str, str]]:
    mount = impact.analysis.mount if impact.analysis else None
    possible = [say.word(SEVERITY, each) for each in dict.fromkeys(impact.possible_severities)]
    remarks = (
        (impact.rollover, say("横転のおそれ", "may have rolled over")),
        (impact.multiple, say("複数回の衝撃", "several shocks")),
        (impact.parked, say("停車中の衝撃", "the car was standing")),
        (bool(impact.moving_again), say("その後に走行", "it drove again afterwards")),
        (impact.late, say("遅れて届いた記録", "the message arrived late")),
    )
    return [
        (say("時刻", "Time"), say.moment(impact.at)),
        (
            say("衝撃の程度", "Severity"),
            say.word(SEVERITY, impact.severity)
            + (
                say(f" (考えられる範囲: {'〜'.join(possible)})", f" (may have been: {' to '.join(possible)})")
                if len(possible) > 1
                else ""
            ),
        ),
        (say("速度変化 (ΔV)", "Velocity change (ΔV)"), delta_v(impact, say)),
        (say("力の方向", "Force from"), _direction(impact, say)),
        (
            say("加速度と時間", "Peak and duration"),
            say(
                f"最大 {impact.peak_g:.1f} g、{impact.duration_ms:.0f} ミリ秒",
                f"{impact.peak_g:.1f} g at most, over {impact.duration_ms:.0f} ms",
            ),
        ),
        (say("速度 (GPS)", "Speed (GPS)"), _speeds(impact, say)),
        (say("特記", "Remarks"), say.all_of(*(words for so, words in remarks if so))),
        (
            say("装置の取り付け", "Mount of the device"),
            say(f"推定済み (相関 {mount.quality:.2f})", f"known (correlation {mount.quality:.2f})")
            if mount
            else say(
                "未推定 (車の向きに対する方向は不明)", "not known: no direction within the car can be given"
            ),
        ),
        (
            say("検出器", "Detector"),
            say(
                f"版 {impact.detector or '?'}、改訂 {impact.revision}、判定 {say.moment(impact.decided_at)}",
                f"version {impact.detector or '?'}, revision {impact.revision}, judged {say.moment(impact.decided_at)}",
            ),
        ),
    ]


def _direction(impact: ImpactFacts, say: Saying) -> str:
    if impact.pdof_deg is None:
        return say("不明", "not known")
    return say(
        f"{impact.clock}時の方向 (前方から時計回りに {impact.pdof_deg:.0f}度)",
        f"{impact.clock} o'clock ({impact.pdof_deg:.0f} degrees clockwise from the front)",
    )


def _speeds(impact: ImpactFacts, say: Saying) -> str:
    unknown = say("不明", "not known")
    before, after = (
        unknown if kmh is None else f"{kmh:.0f} km/h"
        for kmh in (impact.speed_before_kmh, impact.speed_after_kmh)
    )
    return say(f"衝突前 {before}、衝突後 {after}", f"before {before}, after {after}")


def _injuries(impact: ImpactFacts, say: Saying) -> list[Block]:
    if not impact.injury:
        return []
    table = Table(
        [
            say("けがの程度 (最も重い乗員)", "Injury (worst hurt occupant)"),
            say("範囲", "Range"),
            say("公表されたモデルごとの値", "By published model"),
        ],
        [3, 2, 7],
        [
            [
                injury_name(each.injury, say.language),
                f"{percent(each.low)}{say('〜', '–')}{percent(each.high)}",
                say.all_of(*(f"{model.model} {percent(model.probability)}" for model in each.models)),
            ]
            for each in impact.injury
        ],
    )
    caution = say(
        "統計モデルによる見込みで、実際のけがを示すものではありません。",
        "What statistical models expect; it does not say who was hurt.",
    )
    return [table, Prose(" ".join([caution, *injury_basis(impact, say.language)]), quiet=True)]


def _reasons(impact: ImpactFacts, say: Saying) -> list[Block]:
    if not impact.reasons:
        return []
    return [
        Table(
            [say("判定の理由", "Why it was judged so"), say("記号", "Code")],
            [6, 1.4],
            [[sentence(code, say.language), code] for code in impact.reasons],
        )
    ]


def _fixes(record: Record) -> list[Fix]:
    """The track around the hardest impact that has one."""
    tracked = [impact for impact in record.impacts if impact.fixes]
    if not tracked:
        return []
    impact = max(tracked, key=lambda each: each.delta_v_kmh)
    return [
        Fix(
            (fix.uptime_ms - impact.uptime_ms) / 1000,
            fix.lat_deg,
            fix.lon_deg,
            None if fix.speed_mps is None else 3.6 * fix.speed_mps,
        )
        for fix in impact.fixes
    ]
