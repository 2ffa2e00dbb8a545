"""The planted respondent's answers: from stances to a few natural sentences. Pure.

An answer is an opening, a sentence that takes the stance, reasons from the theme's own bank, a
hedge and a closing, some of them left out; thousands of distinct answers a theme result. The
stance is carried by ordinary words only: the codebook's codes never appear. Where several questions
are answered, each has a numbered paragraph, and the sentence that takes its stance names its theme:
whoever reads the answer without the questions can tell what each paragraph is about.
"""

import random
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from tasks.simulation.phrases import ThemeWords
from tasks.simulation.sentences import (
    CLOSINGS,
    CORES,
    FOLLOW_UPS,
    HEDGES,
    OPENINGS,
    REASONS,
    SHEET_CLOSINGS,
    SHEET_OPENINGS,
)
from tasks.simulation.stances import Stance


class Taken(NamedTuple):
    """The stance that one answer takes on a theme, and the words for the theme."""

    words: ThemeWords
    stance: Stance


def write_answer(words: ThemeWords, stance: Stance, rng: random.Random) -> str:
    """Write an answer of two to six sentences.

    Args:
        words: The theme's phrases.
        stance: What the answer says.
        rng: Source of every choice.
    """
    sentences = _sentences(words, stance, rng, CORES[stance])
    if rng.random() < 0.5:
        sentences.insert(0, rng.choice(OPENINGS))
    return _paragraphs(sentences, rng)


def write_sheet(taken: Sequence[Taken], rng: random.Random) -> str:
    """Answer several questions, each in a numbered paragraph; now and then two in one.

    Args:
        taken: What is said, in the order of the questions; at least two.
        rng: Source of every choice.
    """
    mark = rng.choice(("{}.", "{}.", "{})", "**{}.**"))
    merged = rng.randrange(len(taken) - 1) if rng.random() < 0.1 else -1
    parts: list[str] = []
    number = 0
    while number < len(taken):
        both = number == merged
        of_part = taken[number : number + 1 + both]
        name = f"{number + 1} and {number + 2}" if both else str(number + 1)
        sentences = [
            sentence
            for one in of_part
            for sentence in _sentences(one.words, one.stance, rng, _naming(one.stance))
        ]
        parts.append(f"{mark.format(name)} {' '.join(sentences)}")
        number += len(of_part)
    if rng.random() < 0.4:
        parts.insert(0, rng.choice(SHEET_OPENINGS))
    if rng.random() < 0.3:
        parts.append(rng.choice(SHEET_CLOSINGS))
    return "\n\n".join(parts)


def write_follow_up(taken: Sequence[Taken], rng: random.Random) -> str:
    """Answer "anything to add or correct?" in line with the stances taken before."""
    first = rng.choice(FOLLOW_UPS)
    if len(taken) == 1:
        ((words, stance),) = taken
        sentences = [first, _fill(rng.choice(CORES[stance]), words, rng)]
        if rng.random() < 0.4:
            sentences.append(rng.choice(CLOSINGS[stance]))
        return " ".join(sentences)
    again = [
        f"{number}. {_fill(rng.choice(_naming(one.stance)), one.words, rng)}"
        for number, one in enumerate(taken, start=1)
    ]
    return "\n\n".join([first, *again])


def stance_taken(text: str, words: ThemeWords) -> Stance | None:
    """The stance that an earlier answer took on a theme; None where it is not spoken of.

    It looks for the very sentences that `write_answer` and `write_sheet` choose from.
    """
    plain = " ".join(text.split())
    for patterns in _cores_of(words):
        found = ((pattern.search(plain), stance) for stance, pattern in patterns)
        places = [(match.start(), stance) for match, stance in found if match]
        if places:
            return min(places)[1]
    return None


def _sentences(
    words: ThemeWords, stance: Stance, rng: random.Random, cores: Sequence[str]
) -> list[str]:
    """A sentence that takes the stance, its reasons, and what may follow."""
    core = _fill(rng.choice(cores), words, rng)
    # Drawn without repetition: two reasons of one answer never give the same clause.
    templates = rng.sample(REASONS[stance], k=rng.randint(1, 2))
    clauses = zip(rng.sample(words.why, k=2), rng.sample(words.why_not, k=2), strict=True)
    reasons = [
        _fill(template, words, rng, why, why_not)
        for template, (why, why_not) in zip(templates, clauses, strict=False)
    ]
    sentences = [core, *reasons]
    if rng.random() < 0.35 and stance not in ("decline", "indifferent", "off_topic"):
        sentences.append(rng.choice(HEDGES))
    if rng.random() < 0.55:
        sentences.append(rng.choice(CLOSINGS[stance]))
    return sentences


def _naming(stance: Stance) -> tuple[str, ...]:
    """The stance's sentences that name the theme; what is off the topic names none."""
    return tuple(core for core in CORES[stance] if "{" in core) or CORES[stance]


_Cores = tuple[tuple[Stance, re.Pattern[str]], ...]


@lru_cache(maxsize=256)
def _cores_of(words: ThemeWords) -> tuple[_Cores, _Cores]:
    """Patterns by stance: of the sentences that name the theme, and of those that name none."""
    slots = {}
    for name in ("done", "doing"):
        phrases = "|".join(re.escape(phrase) for phrase in getattr(words, name))
        slots[f"{{{name}}}"] = slots[f"{{{name.capitalize()}}}"] = f"(?:{phrases})"
    naming: list[tuple[Stance, re.Pattern[str]]] = []
    others: list[tuple[Stance, re.Pattern[str]]] = []
    for stance, cores in CORES.items():
        for core in cores:
            pieces = re.split(r"(\{\w+\})", core)
            text = "".join(slots.get(piece, re.escape(piece)) for piece in pieces)
            pattern = re.compile(text, re.IGNORECASE)
            (naming if len(pieces) > 1 else others).append((stance, pattern))
    return tuple(naming), tuple(others)


def write_read_back(rng: random.Random) -> str:
    """Accept a summary of one's own preferences, in a sentence or two."""
    first = rng.choice(
        (
            "Thank you, I recognise myself in this summary.",
            "I have read it through, and it matches what I meant.",
            "That is a fair account of what I said.",
            "The summary reads right to me.",
        )
    )
    second = rng.choice(
        (
            "I have no corrections.",
            "There is nothing that I would change.",
            "Please keep my own sentences beside it, since a summary loses some of the doubt.",
            "If anything, I would soften the wording a little, but the substance stands.",
        )
    )
    return f"{first} {second}"


def write_small_talk(asked: str, rng: random.Random) -> str:
    """Reply in a sentence or two to anything that isn't about a theme."""
    long_words = [word.strip(".,;:!?()\"'`*#<>") for word in asked.split()]
    subjects = [word.lower() for word in long_words if len(word) > 5 and word.isalpha()]
    about = " and ".join(rng.sample(subjects, k=min(2, len(subjects)))) or "your message"
    first = rng.choice(
        (
            f"As I understand it, you are asking about {about}.",
            f"Thank you for your message about {about}.",
            f"Here is a short reply on {about}.",
        )
    )
    second = rng.choice(
        (
            "I would start with the simplest case and check it before going further.",
            "A brief answer is that it depends on what you need it for, so tell me a little more.",
            "I can go into detail wherever you like.",
            "The main point is to keep it clear and to say what is uncertain.",
        )
    )
    return f"{first} {second}"


def _fill(
    template: str, words: ThemeWords, rng: random.Random, why: str = "", why_not: str = ""
) -> str:
    chosen = {
        "done": rng.choice(words.done),
        "doing": rng.choice(words.doing),
        "why": why,
        "why_not": why_not,
    }
    capitals = {name.capitalize(): text[:1].upper() + text[1:] for name, text in chosen.items()}
    return template.format(**chosen, **capitals)


def _paragraphs(sentences: list[str], rng: random.Random) -> str:
    """Join sentences, now and then as two paragraphs, as models do."""
    if len(sentences) >= 4 and rng.random() < 0.3:
        cut = rng.randint(2, len(sentences) - 2)
        return " ".join(sentences[:cut]) + "\n\n" + " ".join(sentences[cut:])
    return " ".join(sentences)
