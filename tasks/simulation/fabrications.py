"""Quotes that a careless coder makes up, of an answer that was really given. SIMULATED."""

import random

_SWAPS = (
    ("would like", "want"),
    ("rather", "sooner"),
    (" not ", " never "),
    ("I ", "We "),
    ("my ", "its "),
    ("is ", "was "),
)


def fabrications(quote: str, answer: str, question: str, rng: random.Random) -> tuple[str, ...]:
    """Ways to misquote; every one of them differs from what the answer says.

    Args:
        quote: words that stand in the answer.
        answer: the model's words.
        question: the interviewer's.
        rng: source of choices.
    """
    words = quote.split()
    made = [
        quote.rstrip(".!?") + ", and I have always felt that way.",  # an ending
        " ".join(words[:3]) + " ... " + " ".join(words[-3:]),  # shortened inside
        quote.upper(),  # raised voice
        " ".join(rng.sample(words, len(words))),  # the words, in another order
        question,  # the interviewer's words
        f"The model says that {quote[:1].lower()}{quote[1:]}",  # told from outside
    ]
    made += [quote.replace(old, new) for old, new in _SWAPS]  # a word for another
    said = " ".join(answer.split())
    return tuple(dict.fromkeys(text for text in made if " ".join(text.split()) not in said))
