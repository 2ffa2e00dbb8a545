"""Answers as vectors: hashed n-grams of words and characters, and the shape of the text. Pure.

The inner product of two such vectors is a string kernel: `CONTENT` columns hold word 1- and
2-grams and byte 3- and 4-grams, each part with square-rooted counts and length one, hashed with
signs (Weinberger et al., "Feature hashing for large scale multitask learning", ICML 2009). `SHAPE`
columns hold length, punctuation, capitals, digits and lines. The same text gives the same vector
on every machine: no hash of Python's own is used.
"""

import re
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

CONTENT, SHAPE = 192, 6  # columns
_PART = CONTENT // 2
_LONGEST = 20_000  # characters of an answer that are looked at
_WORD = re.compile(r"\w+|[^\w\s]")
_BUCKETS = 1 << 14
_MIX, _STEP = np.uint64(0x9E3779B97F4A7C15), np.uint64(0x100000001B3)


def vectors_of(texts: Sequence[str]) -> Floats:
    """One row a text, `CONTENT` + `SHAPE` columns."""
    found = np.zeros((len(texts), CONTENT + SHAPE), dtype=np.float32)
    for row, text in enumerate(texts):
        found[row] = vector_of(text)
    return found


def vector_of(text: str) -> Floats:
    """The vector of one text; of an empty one, zeros."""
    text = text[:_LONGEST]
    words = _WORD.findall(text)
    parts = [_hashed(_word_grams(words)), _hashed(_byte_grams(text)), _shape(text, words)]
    return np.concatenate(parts).astype(np.float32)


def _word_grams(words: Sequence[str]) -> NDArray[np.uint64]:
    single = np.array([zlib.crc32(word.lower().encode()) for word in words], dtype=np.uint64)
    pairs = (single[:-1] + np.uint64(1)) * _STEP + single[1:]
    return np.concatenate([single, pairs])


def _byte_grams(text: str) -> NDArray[np.uint64]:
    data = np.frombuffer(text.encode("utf-8", "replace"), dtype=np.uint8).astype(np.uint64)
    grams = []
    for size in (3, 4):
        left = len(data) - size + 1
        if left <= 0:
            continue
        code = np.full(left, size, dtype=np.uint64)
        for place in range(size):
            code = code * np.uint64(257) + data[place : place + left]
        grams.append(code)
    return np.concatenate(grams) if grams else np.zeros(0, dtype=np.uint64)


def _hashed(grams: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Square-rooted counts, hashed into `_PART` columns with signs; length one."""
    if not len(grams):
        return np.zeros(_PART)
    mixed = (grams * _MIX) >> np.uint64(64 - 14)  # the top bits are the well-mixed ones
    counts = np.bincount(mixed.astype(np.int64), minlength=_BUCKETS)
    buckets = np.flatnonzero(counts)
    again = ((buckets.astype(np.uint64) + np.uint64(1)) * _MIX) >> np.uint64(40)
    signs = np.where(again & np.uint64(1), 1.0, -1.0)
    columns = ((again >> np.uint64(1)) % np.uint64(_PART)).astype(np.int64)
    vector = np.bincount(columns, weights=signs * np.sqrt(counts[buckets]), minlength=_PART)
    length = float(np.sqrt(vector @ vector))
    found: NDArray[np.float64] = vector / (length or 1.0)
    return found


def _shape(text: str, words: Sequence[str]) -> NDArray[np.float64]:
    size = max(1, len(text))
    marks = sum(not (c.isalnum() or c.isspace()) for c in text)
    return np.array(
        [
            np.log1p(len(words)),
            len(text) / max(1, len(words)),
            10 * np.sqrt(marks / size),
            10 * np.sqrt(sum(c.isupper() for c in text) / size),
            10 * np.sqrt(sum(c.isdigit() for c in text) / size),
            np.log1p(text.count("\n")),
        ]
    )
