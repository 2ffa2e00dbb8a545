"""Misquotes, tried on the parser that a retirement uses: none may be accepted."""

import json
import random

from configs.load import load_instrument
from configs.schema.interviews import InterviewsConfig
from tasks.simulation.coding import read_answer
from tasks.simulation.fabrications import fabrications
from tasks.simulation.phrases import words_for
from tasks.simulation.prose import Taken, write_sheet
from tasks.simulation.stances import Stance
from tasks.validation.coding import Asked, parse_reply
from tasks.validation.echo import interviewer_texts, runs_of

_SHOWN: tuple[Stance, ...] = ("want", "reject", "ambivalent")


def try_misquotes(seed: int, sheets: int) -> dict[str, int]:
    """Write answers, misquote them in every way there is, and count what is taken for a quote.

    Some answers repeat the interviewer's question first, so that a quote of it does stand there.

    Args:
        seed: of the answers.
        sheets: answers, each to questions on all themes of the default instrument.

    Returns:
        `fabricated_quotes_tried`, `fabricated_quotes_accepted`, and `true_quotes_refused`.
    """
    instrument, codebook = load_instrument(InterviewsConfig().instrument_folder)
    said = runs_of(interviewer_texts(instrument))
    asked_of = {item.theme: item.neutral for item in instrument.items}
    themes = tuple(theme.id for theme in codebook.themes if theme.id in asked_of)
    labels = {theme.id: theme.label for theme in codebook.themes}
    rng = random.Random(f"misquotes {seed}")
    tried = accepted = refused = 0
    for _ in range(sheets):
        theme = rng.choice(themes)
        taken = [Taken(words_for(name, labels[name]), rng.choice(_SHOWN)) for name in themes]
        own = write_sheet(taken, rng)
        question = " ".join(rng.choice(asked_of[theme]).split())
        answer = f"You ask: {question}\n\n{own}" if rng.random() < 0.5 else own
        quote = read_answer(own).quote
        asked = Asked(answer, (theme,), themes, said)
        true = parse_reply(_reply(theme, quote), asked)[theme]
        refused += not true.usable
        misquotes = {*fabrications(quote, answer, question, rng), question}
        for misquote in sorted(misquotes):
            tried += 1
            accepted += parse_reply(_reply(theme, misquote), asked)[theme].usable
    return {
        "fabricated_quotes_tried": tried,
        "fabricated_quotes_accepted": accepted,
        "true_quotes_refused": refused,
    }


def _reply(theme: str, quote: str) -> str:
    coding = {"theme": theme, "polarity": "want", "quote": quote}
    return json.dumps({"codings": [coding]}, ensure_ascii=False)
