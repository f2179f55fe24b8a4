"""What spoken words mean as an answer. Pure.

The question before was whether anyone is hurt, so a plain yes means that somebody is, and counts as asking
for an ambulance: an operator hears them within seconds, and a yes that meant something else costs a
question, while one taken for "all is well" would cost help. A plain no says only that nobody is hurt, not
that all is well. All is well only where it is said outright, without a doubt or a "but". Whatever says two
things that do not go together, or nothing known here, is for a person to hear.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from schemas.incident import Answer, Language

_LEAST_CONFIDENCE: Final = 0.5


@dataclass(frozen=True, slots=True)
class _Tongue:
    """How answers sound in one language; the words it matches have no punctuation and no capitals.

    `denied` takes out what is said not to be so, `doubt` is what keeps "all is well" from counting.
    """

    yes: re.Pattern[str]
    denied: re.Pattern[str]
    doubt: re.Pattern[str]
    meanings: Mapping[Answer, re.Pattern[str]]
    """From the gravest to the lightest."""


_JA: Final = _Tongue(
    yes=re.compile("^(はい|ええ|うん|そうです)+"),
    denied=re.compile(
        "(けが|怪我|ケガ)(を|した|の)*(人|ひと|方|かた)?(は|も|を|が)?"
        "(ありません|ございません|な[いし](です)?|して(い)?(ません|ない(です)?)|い(ません|ない(です)?))"
        "|(救急車|救急|助け|応援|担当者)(は|も|まで)?"
        "((いり|要り|呼ばなくて|必要は?あり)(ません)?|いらない|要らない|必要(は)?ない|不要|結構)(です)?"
        "|(大丈夫|平気|無事)(じゃ|では|で)(は)?(ない|ありません|無い)(です)?"
    ),
    doubt=re.compile(
        "ですが|だけど|けど|けれど|でも|しかし|たぶん|多分|かも|と思|わから|分から|痛|いた[いく]|ない|ません"
    ),
    meanings={
        Answer.AMBULANCE: re.compile(
            "救急"
            "|(人|ひと|歩行者|子供|子ども|こども|自転車|バイク|お年寄り|誰か|相手)(を|に|と|が)?"
            "(はね|撥ね|跳ね|ひい[たて]|ひきま|轢|引い[たて]|ぶつか|ぶつけ|当て|当たっ|あて)"
            "|(はね|撥ね|轢い|轢き)(た|て|ちゃ|まし|られ)"
            "|血が|出血|意識|息(を|が)|骨折|動けな|動けま|動かな|倒れて|挟まれ|閉じ込め"
            "|(けが|怪我|ケガ)(を|が|人|して|し)"
        ),
        Answer.HELP: re.compile(
            "助けて|たすけて|助けが|助けを|たすけが|助け(を)?お願い|ヘルプ|応援|来て(くださ|ほし|くれ)"
        ),
        Answer.OPERATOR: re.compile("担当|オペレータ|人と話|話したい|話がしたい|代わって|かわって"),
        Answer.FINE: re.compile(
            "大丈夫|だいじょうぶ|問題(は|も)?(ありません|ございません|ない|無い|なし)|平気|無事"
        ),
    },
)
_EN: Final = _Tongue(
    yes=re.compile(r"^(yes|yeah|yep|yup)\b"),
    denied=re.compile(
        # "No, I'm fine" denies nothing: only a no that belongs to what follows.
        r"\b(no(?! (i|im|we|were|all|everything|everyone|everybody|its|it)\b)|not|nobody"
        r"|none|never|without|dont|doesnt|isnt|arent|wasnt|werent|didnt)\b( \w+){0,4}? "
        r"(hurt|injured|ambulance|help|operator|fine|ok|okay|good|well|right|alright)\b"
    ),
    doubt=re.compile(
        r"\b(but|maybe|perhaps|probably|think|guess|sure|pain|hurts?|not|nobody|none|dont|doesnt|isnt|arent|cant)\b"
    ),
    meanings={
        Answer.AMBULANCE: re.compile(
            r"\bambulance\b"
            r"|\b(hit|ran over|run over|struck|knocked down|knocked over) (a |an |the |my |some )?(little |old )?"
            r"(man|woman|person|people|someone|somebody|child|children|kid|boy|girl|cyclist|bike|bicycle|lady|guy)\b"
            r"|\bpedestrian\b|\bbleeding\b|\bblood\b|\bunconscious\b|\bnot breathing\b"
            r"|\b(cant|can not|cannot) (move|breathe)\b"
            r"|\btrapped\b|\b(is|are|am|im|were|got|was|be|badly|shes|hes|theyre) (hurt|injured)\b|^(hurt|injured)$"
        ),
        Answer.HELP: re.compile(r"\bhelp\b|\bassistance\b"),
        Answer.OPERATOR: re.compile(
            r"\boperator\b|\b(talk|speak) (to|with) (a |an )?(person|human|someone|somebody|you|agent)\b"
        ),
        Answer.FINE: re.compile(
            r"\b(im|i am|we are|were|all|everything is|everyone is|everybody is|its|it is) "
            r"(all |totally |completely )?(fine|ok|okay|good|well|right|alright)\b"
            r"|\bno problems?\b|^(fine|ok|okay|all right|alright)$"
        ),
    },
)
_TONGUES: Final = {Language.JA: _JA, Language.EN: _EN}


def understand(words: str, confidence: float, language: Language) -> Answer | None:
    """The answer that words give; None is for a person to hear.

    confidence: the carrier's own, 0 to 1; below 0.5 the words are taken for none.
    """
    if not confidence >= _LEAST_CONFIDENCE:
        return None
    tongue = _TONGUES[language]
    said = _plain(words, language)
    said_yes = tongue.yes.match(said)
    rest = tongue.denied.sub(" ", said[said_yes.end() :] if said_yes else said)
    found = [answer for answer, pattern in tongue.meanings.items() if pattern.search(rest)]
    if Answer.FINE in found:
        well = tongue.meanings[Answer.FINE].sub(" ", rest)
        is_plain = found == [Answer.FINE] and not said_yes and not tongue.doubt.search(well)
        return Answer.FINE if is_plain else None
    if said_yes and found != [Answer.OPERATOR] and (found or not rest.strip()):
        return Answer.AMBULANCE
    return found[0] if found else None


def _plain(words: str, language: Language) -> str:
    text = unicodedata.normalize("NFKC", words).lower()
    if language is Language.JA:
        return re.sub(r"[^\w]|_", "", text)
    return " ".join(re.sub(r"[^a-z0-9 ]+", "", text.replace("-", " ")).split())
