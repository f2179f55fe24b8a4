"""Why something is refused, in words for whoever asked: nothing is refused without a reason that stands here.

A value in {} is read as its name says. In `detail`, which is for programs, names stay as the vocabulary has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final, cast

from incident.wording import vocabulary
from incident.wording.facts import EN, JA, clock_time
from incident.wording.vocabulary import Words
from schemas.incident import Language


@dataclass(frozen=True, slots=True)
class Why:
    """A reason with its values, in Japanese and English, and in English for programs."""

    ja: str
    en: str
    detail: str


@dataclass(frozen=True, slots=True)
class Called:
    """A thing as programs know it, and what people call it."""

    id: str
    ja: str
    en: str


class Refused(Exception):
    """Nothing was changed; `state` is what stands in the way, `why` is for the person who asked."""

    def __init__(self, state: str, why: Why) -> None:
        self.state, self.why = state, why
        super().__init__(why.detail)


_STANDS: Final[Words] = {
    "reaching": ("まだ連絡がついていません", "not answered yet"),
    "helping": ("対応中です", "being helped"),
    "settling": ("折り返しの電話を待っています", "waiting for a call back"),
    "closed": ("終了しています", "closed"),
}
_STATUS: Final[Words] = {
    "off shift": ("勤務外", "off shift"),
    "asked": ("打診中", "asked already"),
    "working": ("出動中", "at work"),
}
_NAMES: Final[Mapping[str, Words]] = {
    "phase": _STANDS,
    "answer": vocabulary.ANSWER,
    "dispatch": vocabulary.DISPATCH,
    "state": vocabulary.DISPATCH_STATE,
    "wanted": vocabulary.DISPATCH_STATE,
    "ambulance": vocabulary.AMBULANCE,
    "becomes": vocabulary.AMBULANCE,
    "step": vocabulary.STEP,
    "item": vocabulary.CHECK,
    "skills": vocabulary.DISPATCH,
    "status": _STATUS,
}
# Among other words these would be taken for words of the sentence; in Japanese it has brackets.
_QUOTED: Final = frozenset({"answer", "state", "wanted", "ambulance", "becomes", "step"})


class Refusal(Enum):
    """Each reason in Japanese and English, and for programs where that differs by more than names."""

    # Commands of operators.
    INCIDENT_IS = "この案件は{phase}", "the incident is {phase}"
    OTHER_HAS_IT = "担当者 {who} が引き受けています", "{who} has it"
    ON_THE_LINE = "担当者 {who} が通話中です", "{who} is on the line"
    NO_ANSWER = "取り消せる回答はありません", "there is no answer, which is not one to withdraw now"
    OTHER_ANSWER = (
        "現在の回答は「{answer}」で、取り消せません",
        "the answer is {answer}, which is not one to withdraw now",
    )
    RECORDED_LONG_AGO = (
        "記録してから{seconds}秒たっています。新しい回答を記録してください",
        "it was recorded {seconds} s ago: record another one",
    )
    HELP_COMES = (
        "その後、{dispatch}が「{state}」になりました。必要なら派遣を取り消してください",
        "{dispatch} is {state} since: call it off instead",
        "a {dispatch} is {state} since: call it off instead",
    )
    AMBULANCE_SINCE = "その後、救急要請が「{ambulance}」になりました", "the ambulance is {ambulance} since"
    GOES_ON_IN = "案件 {incident} に統合されています", "it goes on in incident {incident}"
    NOT_KNOWN_HOW = "終了する前の状態が記録されていません", "it is not known how it stood"
    CLOSED_LONG_AGO = (
        "終了してから{minutes}分たっています。再開できるのは10分以内です",
        "it was closed {minutes} min ago, longer than 10",
    )
    CAR_HAS_ANOTHER = (
        "この車には、ほかに対応中の案件があります: {incident}",
        "the car has another open incident: {incident}",
    )
    PAUSED_BY = "担当者 {who} が {until} まで一時停止しています", "{who} paused it until {until}"
    PAUSED_LONGEST = "一時停止できる時間の上限です", "it was paused for as long as it may be"
    HELP_CALLED_OFF = (
        "{dispatch}は取り消されています。必要なら隊を派遣してください",
        "{dispatch} was called off: send one",
        "the {dispatch} was called off: send one",
    )
    PLAN_CHANGED = (
        "対応計画が変わり、今は「{rule}」に従っています",
        "the plan has changed: it goes by rule {rule} now",
    )
    NO_SUCH_STEP = "対応計画にその手順はありません", "there is no such step"
    STEP_IS_OVER = (
        "「{step}」は、すでに実行されたか、取りやめになっています",
        "{step} was done or called off already",
    )
    STEP_IS_THEIRS = (
        "「{step}」の予定はなくなりました。担当者 {who} が引き受けています",
        "{step} is not planned any more: {who} has it",
    )
    STEP_IS_ANSWERED = (
        "「{step}」の予定はなくなりました。回答: {answer}",
        "{step} is not planned any more: it was answered: {answer}",
    )
    STEP_IS_OFF = "「{step}」の予定はなくなりました", "{step} is not planned any more"
    HELP_IS_SOUGHT = (
        "{dispatch}はすでに手配されています: {state}",
        "{dispatch} is already {state}",
        "a {dispatch} is already {state}",
    )
    AMBULANCE_IS = (
        "救急要請は「{ambulance}」のため、「{becomes}」にできません",
        "the ambulance is {ambulance}, so not {becomes}",
    )
    AMBULANCE_UNASKED = (
        "救急車は要請されていないため、「{becomes}」にできません",
        "the ambulance is not asked for, so not {becomes}",
    )
    INTO_ITSELF = "案件をそれ自身に統合することはできません", "an incident cannot be merged into itself"
    TWO_POLICIES = "契約が異なります。理由を入力してください", "they are of two policies: give a reason"
    OTHER_IS_CLOSED = "統合先の案件は終了しています", "the other incident is closed"
    SOMEBODY_ON_THE_LINE = (
        "この案件では電話がつながっています。先に話してください",
        "somebody is on the line there: speak with them first",
    )
    GRAVER_OF_TWO = (
        "この案件のほうが重大です。もう一方をこの案件に統合してください",
        "it is the graver one of the two: merge the other one into this",
    )
    NO_TELEPHONE = (
        "先に、受付で使う電話で受付を始めてください",
        "first come to the desk with a telephone",
        "sign in with a telephone first: POST /v1/desk/sign_in",
    )
    NOT_AT_THE_DESK = (
        "受付を始めていません",
        "you are not at the desk",
        "sign in first: POST /v1/desk/sign_in",
    )
    UNIT_DOES_NOT = (
        "{unit} の対応範囲ではありません。できること: {skills}",
        "{unit} is not one that does this: {skills}",
    )
    UNIT_IS = "{unit} は{status}です", "{unit} is {status}"
    UNIT_IS_OUT = "{unit} は運用停止中です: {why}", "{unit} is out of service: {why}"
    UNIT_IS_OUT_BY = (
        "担当者 {who} が {unit} を運用停止にしています: {why}",
        "{unit} is out of service by {who}: {why}",
    )
    OUT_TOO_LONG = (
        "いつまでかは、今から1年以内の日時で入力してください",
        "give a time within the year to come",
        "body.until is not within the year to come",
    )
    # Reports of units.
    CANNOT_BECOME = (
        "この依頼は「{state}」のため、「{wanted}」にできません",
        "the dispatch is {state}, so it cannot become {wanted}",
    )
    CANNOT_EXPECT = (
        "この依頼は「{state}」のため、到着予定を変えられません",
        "the dispatch is {state}, so it cannot be expected at another time",
    )
    CANNOT_BE_SAFE = (
        "この依頼は「{state}」のため、無事の報告は受け付けられません",
        "the dispatch is {state}, so it cannot be confirmed as safe",
    )
    CANNOT_CHECK = (
        "この依頼は「{state}」のため、現場での確認を記録できません",
        "the dispatch is {state}, so it cannot be checked",
    )
    CANNOT_PHOTOGRAPH = (
        "この依頼は「{state}」のため、写真を追加できません",
        "the dispatch is {state}, so it cannot be photographed",
    )
    OFFER_TAKEN = "ほかの隊が受諾しました(状態: {state})", "another has taken it: the dispatch is {state}"
    OFFER_EXPIRED = "回答期限を過ぎました(状態: {state})", "the offer has run out: the dispatch is {state}"
    OFFER_WITHDRAWN = (
        "あなたへの依頼は取り消されました(状態: {state})",
        "your offer was taken back: the dispatch is {state}",
    )
    OFFER_STOOD_DOWN = (
        "ほかの隊が向かっています(状態: {state})",
        "another comes instead: the dispatch is {state}",
    )
    OFFER_GONE = (
        "今はあなたへの依頼ではありません(状態: {state})",
        "it is not yours any more: the dispatch is {state}",
    )
    NOT_YOURS = "この依頼は見つかりません", "there is no such dispatch for this unit"
    NOT_SEEN_TO = (
        "未確認: {item}。確認するか、不要と記録するか、理由を入力してください",
        "not seen to yet: {item}; do it, say that it is not needed, or give a reason",
    )
    NO_JPEG = "写真はJPEG形式で送ってください", "a photo is a JPEG file"
    PHOTO_TOO_LARGE = "写真は{most}バイトまでです", "a photo may have {most} bytes"
    PHOTOS_ENOUGH = "写真は{most}枚までです", "a dispatch may have {most} photos"
    # Answers of drivers, and searches.
    IS_OVER = (
        "この件の受付は終了しています。お電話ください。急ぐ場合は、119番または110番におかけください",
        "the incident is closed: call us, or 119 or 110",
    )
    TOO_SHORT = "{least}文字以上で入力してください", "give {least} letters or more"
    TOO_LONG = "{most}文字以内で入力してください", "give {most} letters or fewer"
    TOO_MANY_FIT = (
        "{most}件より多くの人または車が当てはまります。条件を加えてください",
        "more than {most} people or cars fit, give more of it",
        "query: more than {most} people or cars fit, give more of it",
    )
    CHANGED_JUST_NOW = (
        "同じものが同時に変更されました。確認して、もう一度お試しください",
        "somebody changed the same thing just now; read it and try again",
    )

    def of(self, **values: object) -> Why:
        """The reason with its values: those named in {}, each a name of the vocabulary where it has one."""
        ja, en = self.value[:2]
        return Why(
            _filled(ja, values, lambda key, value: _said(key, value, JA)),
            _filled(en, values, lambda key, value: _said(key, value, EN)),
            _filled(self.value[-1], values, lambda _, value: _raw(value)),
        )


def _filled(text: str, values: Mapping[str, object], said: Callable[[str, object], str]) -> str:
    return text.format(**{key: said(key, value) for key, value in values.items()})


def _said(key: str, value: object, language: Language) -> str:
    match value:
        case Called():
            return value.ja if language is JA else value.en
        case datetime():
            return clock_time(value)
        case list() | tuple():
            parts = [_said(key, each, language) for each in cast("Sequence[object]", value)]
            return ("、" if language is JA else ", ").join(parts)
        case _ if key in _NAMES:
            name = vocabulary.word(_NAMES[key], str(value), language)
            return f'"{name}"' if language is EN and key in _QUOTED else name
        case _:
            return _raw(value)


def _raw(value: object) -> str:
    match value:
        case Called():
            return value.id
        case datetime():
            return f"{value:%H:%M:%S} UTC"
        case float():
            return f"{value:.0f}"
        case list() | tuple():
            return ", ".join(map(_raw, cast("Sequence[object]", value)))
        case _:
            return str(value)


def incident(incident_id: object) -> Called:
    """An incident as the console writes it: the beginning of its id, which can be read out."""
    short = str(incident_id)[:8]
    return Called(str(incident_id), short, short)
