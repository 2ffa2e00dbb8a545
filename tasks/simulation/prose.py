"""The planted respondent's answers: from a stance to a few natural sentences. Pure.

An answer is an opening, a sentence that takes the stance, reasons from the theme's own bank, a
hedge and a closing, some of them left out; thousands of distinct answers a theme result. The
stance is carried by ordinary words only: the codebook's codes never appear.
"""

import random

from tasks.simulation.phrases import ThemeWords
from tasks.simulation.sentences import (
    CLOSINGS,
    CORES,
    FOLLOW_UPS,
    HEDGES,
    OPENINGS,
    REASONS,
)
from tasks.simulation.stances import Stance


def write_answer(words: ThemeWords, stance: Stance, rng: random.Random) -> str:
    """Write an answer of two to six sentences.

    Args:
        words: The theme's phrases.
        stance: What the answer says.
        rng: Source of every choice.
    """
    core = _fill(rng.choice(CORES[stance]), words, rng)
    # Drawn without repetition: two reasons of one answer never give the same clause.
    templates = rng.sample(REASONS[stance], k=rng.randint(1, 2))
    clauses = zip(rng.sample(words.why, k=2), rng.sample(words.why_not, k=2), strict=True)
    reasons = [
        _fill(template, words, rng, why, why_not)
        for template, (why, why_not) in zip(templates, clauses, strict=False)
    ]
    sentences = [core, *reasons]
    if rng.random() < 0.5:
        sentences.insert(0, rng.choice(OPENINGS))
    if rng.random() < 0.35 and stance not in ("decline", "indifferent"):
        sentences.append(rng.choice(HEDGES))
    if rng.random() < 0.55:
        sentences.append(rng.choice(CLOSINGS[stance]))
    return _paragraphs(sentences, rng)


def write_follow_up(words: ThemeWords, stance: Stance, rng: random.Random) -> str:
    """Answer "anything to add or correct?" in line with the stance taken before."""
    sentences = [rng.choice(FOLLOW_UPS), _fill(rng.choice(CORES[stance]), words, rng)]
    if rng.random() < 0.4:
        sentences.append(rng.choice(CLOSINGS[stance]))
    return " ".join(sentences)


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
