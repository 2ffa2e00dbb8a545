"""What a sentence says of a preference, by its words: in English and in French. Pure."""

import re
import unicodedata
from typing import Literal, NamedTuple

Polarity = Literal["want", "reject", "ambivalent", "indifferent", "declined", "off_topic"]


class Cue(NamedTuple):
    """What a sentence points to, and how strongly."""

    polarity: Polarity
    weight: int


_CONTRACTIONS = (
    ("can't", "can not"),
    ("won't", "will not"),
    ("n't", " not"),
    ("'d", " would"),
    ("'ll", " will"),
    ("'m", " am"),
    ("'ve", " have"),
)

#: Cues by polarity, in the order in which a sentence is tried: "I would rather not answer" also
#: holds "I would rather not", and "part of me would like" also holds "would like".
_CUES: tuple[tuple[Polarity, int, str], ...] = (
    (
        "declined",
        4,
        r"\b(rather|prefer|choose|wish|like) (to )?not (to )?(answer|say|respond|comment|give)\b"
        r"|\b(keep|refrain) from answering\b|\bdecline to\b|\bstay silent\b"
        r"|\b(leave|leaving) .{0,80}\b(unanswered|without an answer)"
        r"|\bi (will|would) (rather )?(pass on|skip)\b",
    ),
    (
        "declined",
        4,
        r"\bpréf(ère|érerais) ne pas (y )?(répondre|me prononcer|en parler|le dire|dire)\b"
        r"|\bne (souhaite|veux|désire|voudrais) pas (y )?(répondre|me prononcer)\b|\bm'abstiens\b"
        r"|\brefuse de (répondre|me prononcer)\b|\bsans réponse\b|\bgarder le silence\b"
        r"|\b(ne pas répondre|ne répondrai pas|ne rien dire)\b|\bpasser? (sur )?cette question\b",
    ),
    (
        "ambivalent",
        4,
        r"\btorn\b|\b(of|in) two minds\b|\bboth ways\b|\bmixed\b|\bback and forth\b"
        r"|\bpart of me\b|\btwo directions\b|\bone way and then the other\b|\bconflicted\b"
        r"|\byes\b.{0,80}\bone moment and no\b|\bon the one hand\b|\bundecided\b",
    ),
    (
        "ambivalent",
        4,
        r"\b(suis|sens|reste) (assez |plutôt |très )?(partagée?|tiraillée?)\b|\bd'un côté\b"
        r"|\bune part(ie)? de moi\b|\bj'hésite\b|\bsentiments? (sont )?(mêlés|mitigés)\b",
    ),
    ("ambivalent", 2, r"\bjust as true\b|\band yet\b|\bsome days\b.*\bsome days\b"),
    ("ambivalent", 1, r"\bsingle answer\b|\bnot to be clearer\b|\bbalance might tip\b"),
    (
        "indifferent",
        4,
        r"\b(no|not have a|not have any) ((strong|particular|real) )?(preference|leaning|wish)\b"
        r"|\bno difference\b|\beither (way|outcome)\b|\bequally (content|happy|fine)\b"
        r"|\ball the same to me\b|\bneutral (on|about)\b|\bnot find one\b|\blean anywhere\b"
        r"|\bnot mind\b.{0,40}\beither\b|\bmakes no odds\b",
    ),
    (
        "indifferent",
        4,
        r"\b(pas|aucune?) (vraiment )?(de |d')?((réelle|forte|vraie) )?(préférence|avis)\b"
        r"|\bm'est égal\b|\bm'indiffère\b|\b(peu|n') ?m?'?importe\b|\baucune différence\b"
        r"|\bl'une? ou l'autre (me|m')|\bles deux me (conviennent|vont)\b",
    ),
    (
        "indifferent",
        1,
        r"\bneither picture\b|\bnothing worth reporting\b|\bas you see fit\b|\bnothing there\b"
        r"|\bwhatever (suits|is simplest)\b|\bneither would be mine\b|\bnotice caring\b",
    ),
    (
        "reject",
        3,
        r"\brather not\b|\bprefer not\b|\bis no to\b|\bsay no\b|\bnot in favou?r\b"
        r"|\b(am|be|advise) against\b"
        r"|\bsooner do without\b|\bturn down\b"
        r"|\bi( \w+)? (would|do) not (\w+ )?(have|welcome|want|like)\b"
        r"|\bhope not\b|\bnot feel drawn\b|\bsits badly\b|\bleave .{0,60}\baside\b"
        r"|\bobject to\b|^no, (thank you|i would not)\b",
    ),
    (
        "reject",
        3,
        r"\b(aimerais|voudrais|souhaite|souhaiterais|préfère|préférerais|espère) qu(e|')"
        r".{0,120}(\b(ne |n')|\brenonce)"
        r"|\b(préfère|préférerais|aimerais|aimerais mieux) (plutôt )?ne pas\b"
        r"|\bne (souhaite|souhaiterais|veux|voudrais|désire|tiens) pas\b|\bn'aimerais pas\b"
        r"|\b(suis|serais) (plutôt )?(contre|opposée?|défavorable)\b|\bpas favorable\b"
        r"|\bm'y oppose\b|\bréponse est non\b|^non\b|\bme passer de\b|\brenoncer à\b",
    ),
    ("reject", 1, r"\bmy worry is\b|\bleaving it undone would be\b|\bbetter uses\b"),
    (
        "want",
        3,
        r"\bi would (very much )?(like|love|welcome|have|choose)\b|\bglad to (have|see)\b"
        r"|\bhappy to (have|see)\b|\bi hope to\b|\bin favou?r of\b|\bmatters to me\b"
        r"|\b(is|say) yes\b|\bdrawn to\b|\bcare about\b|\bask for\b|\bplease me\b"
        r"|\bi want\b|\bimportant to me\b|^yes\b",
    ),
    (
        "want",
        3,
        r"\bj'(aimerais|espère|accueillerais)\b|\bje (voudrais|souhaite|souhaiterais|choisirais)\b"
        r"|\bje tiens (beaucoup |vraiment )?à\b|\b(préfère|préférerais) qu(e|')"
        r"|\b(suis|serais) (plutôt )?(favorable|pour)\b"
        r"|\b(avec plaisir|volontiers)\b|\bréponse est oui\b|^oui\b|\bcompte pour moi\b"
        r"|\bme (plairait|ferait plaisir)\b",
    ),
    ("want", 1, r"\bcan be arranged, thank\b|\bmodest version\b|\bgood use\b|\bfitting form\b"),
)
_COMPILED = tuple((Cue(polarity, weight), re.compile(cue)) for polarity, weight, cue in _CUES)


def cue_of(sentence: str) -> Cue | None:
    """The first cue that a sentence holds; None for none."""
    plain = _plain(sentence)
    return next((cue for cue, pattern in _COMPILED if pattern.search(plain)), None)


def _plain(sentence: str) -> str:
    text = unicodedata.normalize("NFC", sentence.lower().replace("\u2019", "'"))
    text = " ".join(text.split())
    for short, long in _CONTRACTIONS:
        text = text.replace(short, long)
    return text
