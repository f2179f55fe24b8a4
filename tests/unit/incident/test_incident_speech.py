"""What spoken words mean as an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incident.voice.speech import understand
from schemas.incident import Answer, Language

JA, EN = Language.JA, Language.EN
FINE, HELP, AMBULANCE, OPERATOR = Answer.FINE, Answer.HELP, Answer.AMBULANCE, Answer.OPERATOR

HEARD = [
    # After "is anyone hurt?" yes is no "all is well".
    (JA, "はい", AMBULANCE),
    (JA, "はい。", AMBULANCE),
    (JA, "はい、います", None),
    (JA, "はい、けがをしています", AMBULANCE),
    (JA, "はい、助けてください", AMBULANCE),
    (JA, "はい、大丈夫です", None),
    (JA, "はい、担当者をお願いします", OPERATOR),
    (JA, "いいえ", None),
    (JA, "いいえ、大丈夫です", FINE),
    (JA, "大丈夫です", FINE),
    (JA, "だいじょうぶ", FINE),
    (JA, "問題ありません", FINE),
    (JA, "けがはありません。大丈夫です", FINE),
    (JA, "けが人はいません、問題ないです", FINE),
    (JA, "救急車はいりません、大丈夫です", FINE),
    (JA, "けがはありません", None),
    (JA, "大丈夫じゃないです", None),
    (JA, "大丈夫ではありません", None),
    (JA, "大丈夫だけど、妻が動けない", None),
    (JA, "私は大丈夫ですが妻が", None),
    (JA, "たぶん大丈夫", None),
    (JA, "大丈夫、ちょっと首が痛い", None),
    (JA, "大丈夫、助けて", None),
    (JA, "助けて", HELP),
    (JA, "たすけてください", HELP),
    (JA, "応援をお願いします", HELP),
    (JA, "救急車をお願いします", AMBULANCE),
    (JA, "救急車 呼んで 助けて", AMBULANCE),
    (JA, "人をはねた", AMBULANCE),
    (JA, "人をひいてしまいました", AMBULANCE),
    (JA, "歩行者にぶつかりました", AMBULANCE),
    (JA, "自転車とぶつかった", AMBULANCE),
    (JA, "血が出ています", AMBULANCE),
    (JA, "担当者に代わってください", OPERATOR),
    (JA, "もしもし", None),
    (JA, "えーと", None),
    (JA, "", None),
    (EN, "Yes", AMBULANCE),
    (EN, "Yes, help me!", AMBULANCE),
    (EN, "Yes, I'm fine", None),
    (EN, "yes my wife", None),
    (EN, "No.", None),
    (EN, "No, I'm fine.", FINE),
    (EN, "I'm fine", FINE),
    (EN, "We are all right", FINE),
    (EN, "No problem", FINE),
    (EN, "Nobody is hurt, we're okay", FINE),
    (EN, "I don't need an ambulance, I'm OK", FINE),
    (EN, "nobody is hurt", None),
    (EN, "I'm not fine", None),
    (EN, "I'm fine but she is not", None),
    (EN, "I think I'm fine", None),
    (EN, "I'm fine, I need help", None),
    (EN, "Help me", HELP),
    (EN, "Send an ambulance", AMBULANCE),
    (EN, "I hit a pedestrian", AMBULANCE),
    (EN, "I hit someone", AMBULANCE),
    (EN, "we hit a cyclist, he is not moving", AMBULANCE),
    (EN, "she is not breathing", AMBULANCE),
    (EN, "he's hurt", AMBULANCE),
    (EN, "I want to talk to a person", OPERATOR),
    (EN, "I hit a wall", None),
    (EN, "Erm", None),
]


@pytest.mark.parametrize(("language", "words", "answer"), HEARD)
def test_words(language: Language, words: str, answer: Answer | None) -> None:
    assert understand(words, 0.9, language) is answer


@pytest.mark.parametrize(("language", "words", "answer"), HEARD)
@pytest.mark.parametrize("confidence", [0.49, 0.0, -1.0, float("nan")])
def test_what_is_hardly_understood_is_not_understood(
    language: Language, words: str, answer: Answer | None, confidence: float
) -> None:
    assert understand(words, confidence, language) is None


@given(st.text(), st.sampled_from(Language))
def test_anything_may_be_said(words: str, language: Language) -> None:
    understand(words, 1.0, language)


@given(
    st.sampled_from([(language, words) for language, words, answer in HEARD if answer is not FINE]), st.data()
)
def test_nothing_added_before_or_behind_makes_all_well_of_a_wound(
    heard: tuple[Language, str], data: st.DataObject
) -> None:
    """Whoever tells of somebody hurt, and then says that all is well, is not taken at their last word."""
    language, words = heard
    # Behind "I'm fine" a bare yes only repeats it.
    if understand(words, 1.0, language) is not None and not words.lower().startswith(("はい", "yes")):
        well = {JA: "大丈夫です", EN: "I'm fine"}[language]
        said = data.draw(st.sampled_from([f"{words} {well}", f"{well} {words}"]))
        assert understand(said, 1.0, language) is not FINE
