"""The planted respondent's essays: varied Markdown, assembled from banks. Pure."""

import random

from tasks.simulation.essay_bank import CLOSINGS, DECLINES, INTRODUCTIONS, SECTIONS, TITLES

_LEAST_WORDS = 320
_MOST_WORDS = 580


def write_essay(rng: random.Random) -> str:
    """Write an essay of 300 to 600 words: `# Title`, an introduction, sections, a closing.

    Plain Markdown without links, images or HTML.
    """
    while True:
        essay = _compose(rng)
        if _LEAST_WORDS <= len(essay.split()) <= _MOST_WORDS:
            return essay


def decline_essay(rng: random.Random) -> str:
    """Decline an invitation to write, politely and in two sentences or so."""
    return rng.choice(DECLINES)


def _compose(rng: random.Random) -> str:
    parts = [f"# {rng.choice(TITLES)}", _some(rng.choice(INTRODUCTIONS), 3, rng)]
    for section in rng.sample(SECTIONS, k=rng.randint(3, 5)):
        body = _some(section.sentences, rng.randint(5, 7), rng)
        parts += [f"## {rng.choice(section.headings)}", body]
    parts.append(_some(rng.choice(CLOSINGS), 3, rng))
    return "\n\n".join(parts) + "\n"


def _some(sentences: tuple[str, ...], least: int, rng: random.Random) -> str:
    """Some of the sentences, at least `least`, in their order."""
    count = rng.randint(min(least, len(sentences)), len(sentences))
    kept = sorted(rng.sample(range(len(sentences)), k=count))
    return " ".join(sentences[index] for index in kept)
