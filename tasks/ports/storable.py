"""An answer as every database takes it."""

import re
from dataclasses import replace
from typing import Any

from tasks.kernel.digests import sha256_hex
from tasks.ports.respondent import Answer

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_LARGEST_COUNT = 2**31 - 1


def storable(answer: Answer) -> Answer:
    """The answer as every database takes it.

    A half character (an emoji cut in two) or a NUL becomes U+FFFD, and a count that can't be one
    becomes 0, which stands for "not counted".
    """
    return replace(
        answer,
        text=storable_text(answer.text),
        request_id=storable_text(answer.request_id),
        served_model=storable_text(answer.served_model),
        stop_reason=storable_text(answer.stop_reason),
        raw=storable_text(answer.raw),
        problem=storable_text(answer.problem),
        input_tokens=_count(answer.input_tokens),
        output_tokens=_count(answer.output_tokens),
    )


def columns(answer: Answer) -> dict[str, Any]:
    """What every kind of row keeps of an answer, by the column's name.

    Args:
        answer: as `storable` gives it.
    """
    return {
        "outcome": answer.outcome,
        "text": answer.text,
        "request_id": answer.request_id,
        "served_model": answer.served_model,
        "stop_reason": answer.stop_reason,
        "input_tokens": answer.input_tokens,
        "output_tokens": answer.output_tokens,
        "raw": answer.raw,
        "raw_sha256": sha256_hex(answer.raw.encode()),
        "simulated": answer.simulated,
    }


def storable_text(text: str) -> str:
    """The text with each half character and NUL replaced by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def _count(number: int) -> int:
    return number if 0 <= number <= _LARGEST_COUNT else 0
