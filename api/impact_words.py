"""An impact in words, in Japanese and English: for the heading of its drawing, and for a terminal."""

from __future__ import annotations

from typing import Final

from api.views.impact import ImpactDetail, ImpactView, InjuryView
from incident.wording import JAPAN_TIME
from incident.wording.vocabulary import SEVERITY, word
from schemas.incident import Language
from scoring.injury import Injury, Uncovered
from scoring.modifiers import Applied, Modifier

JA, EN = Language.JA, Language.EN
_INJURIES: Final[dict[Injury, dict[Language, str]]] = {
    Injury.MAIS2: {JA: "中等症以上のけが (MAIS 2+)", EN: "moderate injury or worse (MAIS 2+)"},
    Injury.MAIS3: {JA: "重症以上のけが (MAIS 3+)", EN: "serious injury or worse (MAIS 3+)"},
    Injury.FATAL: {JA: "死亡", EN: "death"},
}
_MODIFIERS: Final[dict[tuple[Modifier, Applied], dict[Language, str]]] = {
    (Modifier.AGE, Applied.YES): {JA: "契約者の年齢", EN: "the policyholder's age"},
    (Modifier.NEAR_SIDE, Applied.NEAR): {JA: "運転席側からの衝撃", EN: "a force from the driver's side"},
    (Modifier.NEAR_SIDE, Applied.FAR): {
        JA: "運転席と反対側からの衝撃",
        EN: "a force from the side away from the driver",
    },
    (Modifier.BELT, Applied.YES): {JA: "シートベルト", EN: "the belt"},
}
_UNKNOWNS: Final[dict[Modifier, dict[Language, str]]] = {
    Modifier.AGE: {JA: "契約者の年齢", EN: "the policyholder's age"},
    Modifier.NEAR_SIDE: {JA: "力の方向", EN: "the direction of the force"},
    Modifier.BELT: {JA: "シートベルトの有無", EN: "whether a belt was worn"},
}
_UNCOVERED: Final[dict[Uncovered, dict[Language, str]]] = {
    Uncovered.MULTIPLE: {JA: "複数回の衝撃", EN: "several shocks"},
    Uncovered.ROLLOVER: {JA: "横転", EN: "rolling over"},
}
_WORDS: Final = {
    JA: {
        "to": "〜",
        "possible": "考えられる程度: {low} 〜 {high}",
        "delta_v": "速度変化 {value:.1f} km/h",
        "range": " ({low:.1f}〜{high:.1f} km/h)",
        "clock": "力の方向: {hour}時 ({deg:.0f}度)",
        "no_clock": "力の方向: 不明",
        "shock": "最大 {peak:.1f} g、{ms:.0f} ミリ秒",
        "before": "衝突前の速度 {kmh:.0f} km/h",
        "after": "衝突後の速度 {kmh:.0f} km/h",
        "moving_again": "その後、走行しています",
        "and": "、",
        "modified": "考慮したもの: {what}",
        "unknown": "分からないもの: {what}",
        "uncovered": "どのモデルにも含まれないもの: {what}",
        "rollover": "横転のおそれ",
        "multiple": "複数回の衝撃",
        "parked": "停車中",
        "withdrawn": "いま分かっているところでは、車への衝撃ではありません。",
        "reasons": "理由:",
        "injury": "けがの見込み (公表されたモデルによる範囲):",
        "evidence": "記録: 加速度 {first:.0f} 秒から {last:.0f} 秒まで、GPS {fixes} 点",
        "no_evidence": "記録: 加速度なし、GPS {fixes} 点",
        "detector": "検出器の版 {version}、改訂 {revision}",
    },
    EN: {
        "to": "–",
        "possible": "may have been: {low} to {high}",
        "delta_v": "velocity change {value:.1f} km/h",
        "range": " ({low:.1f}–{high:.1f} km/h)",
        "clock": "force from {hour} o'clock ({deg:.0f} deg)",
        "no_clock": "direction of the force not known",
        "shock": "peak {peak:.1f} g over {ms:.0f} ms",
        "before": "speed before {kmh:.0f} km/h",
        "after": "speed after {kmh:.0f} km/h",
        "moving_again": "it drove on, or drove again",
        "and": ", ",
        "modified": "counted: {what}",
        "unknown": "not known: {what}",
        "uncovered": "covered by no model: {what}",
        "rollover": "may have rolled over",
        "multiple": "several shocks",
        "parked": "the car was standing",
        "withdrawn": "By what is known now, the car was not hit.",
        "reasons": "why:",
        "injury": "how likely an occupant was hurt (range of published models):",
        "evidence": "kept: motion from {first:.0f} s to {last:.0f} s, {fixes} GPS fixes",
        "no_evidence": "kept: no motion, {fixes} GPS fixes",
        "detector": "detector version {version}, revision {revision}",
    },
}


def heading(impact: ImpactView, language: Language) -> str:
    """What it was and when, in one line."""
    clock = impact.at.astimezone(JAPAN_TIME).strftime("%Y-%m-%d %H:%M:%S JST")
    return " · ".join([word(SEVERITY, impact.severity, language), _delta_v(impact, language), clock])


def describe(impact: ImpactDetail, language: Language) -> list[str]:
    """All that is known, a line each."""
    words = _WORDS[language]
    lines = [heading(impact, language)]
    if impact.withdrawn:
        lines.append(words["withdrawn"])
    elif len(set(impact.possible_severities)) > 1:
        low, high = (word(SEVERITY, each, language) for each in impact.possible_severities)
        lines.append(words["possible"].format(low=low, high=high))
    if impact.clock is not None:
        lines.append(words["clock"].format(hour=impact.clock, deg=impact.pdof_deg))
    else:
        lines.append(words["no_clock"])
    lines.append(words["shock"].format(peak=impact.peak_g, ms=impact.duration_ms))
    for name, kmh in (("before", impact.speed_before_kmh), ("after", impact.speed_after_kmh)):
        if kmh is not None:
            lines.append(words[name].format(kmh=kmh))
    lines += [
        words[name] for name in ("moving_again", "rollover", "multiple", "parked") if getattr(impact, name)
    ]
    if impact.explained:
        lines.append(words["reasons"])
        lines += [f"  {reason.ja if language is JA else reason.en}" for reason in impact.explained]
    if impact.injury:
        lines.append(words["injury"])
        lines += [line for each in impact.injury for line in _injury(each, language)]
        lines += [f"  {line}" for line in injury_basis(impact, language)]
    kept = impact.evidence
    if kept.motion_from_s is not None:
        lines.append(
            words["evidence"].format(first=kept.motion_from_s, last=kept.motion_to_s, fixes=kept.fixes)
        )
    else:
        lines.append(words["no_evidence"].format(fixes=kept.fixes))
    lines.append(words["detector"].format(version=impact.detector or "?", revision=impact.revision))
    return lines


def _delta_v(impact: ImpactView, language: Language) -> str:
    words = _WORDS[language]
    said = words["delta_v"].format(value=impact.delta_v_kmh)
    if impact.delta_v_from_kmh is not None:
        said += words["range"].format(low=impact.delta_v_from_kmh, high=impact.delta_v_to_kmh)
    return said


def _injury(found: InjuryView, language: Language) -> list[str]:
    to = _WORDS[language]["to"]
    return [
        f"  {_INJURIES[found.injury][language]}: {percent(found.low)}{to}{percent(found.high)}",
        *(f"    {each.model}: {percent(each.probability)}" for each in found.models),
    ]


def injury_name(injury: Injury, language: Language) -> str:
    """A degree of injury."""
    return _INJURIES[injury][language]


def injury_basis(impact: ImpactView, language: Language) -> list[str]:
    """What moved the models, what might have, and what none of them knows of."""
    applied = (impact.injury_modifiers or {}).items()
    said = {
        "modified": [_MODIFIERS[each][language] for each in applied if each in _MODIFIERS],
        "unknown": [_UNKNOWNS[name][language] for name, what in applied if what is Applied.UNKNOWN],
        "uncovered": [_UNCOVERED[name][language] for name in impact.injury_uncovered or ()],
    }
    words = _WORDS[language]
    return [words[name].format(what=words["and"].join(what)) for name, what in said.items() if what]


def percent(share: float) -> str:
    """A share of 1, to two digits."""
    return f"{100 * share:.2g} %"
