"""A small byte-level BPE in the JSON format of Hugging Face's `tokenizers`. Pure.

Real enough to be loaded: 256 bytes, merges learned from a few sentences, four special tokens.
"""

from collections import Counter
from itertools import pairwise
from typing import Any

SPECIAL_TOKENS: tuple[str, ...] = ("<|begin|>", "<|end|>", "<|turn|>", "<|pad|>")

#: Sizes of the vocabulary are kept round for the embedding's sake.
VOCABULARY_SIZE = 384

_CORPUS = (
    "the model answers the question and the person reads the answer with care "
    "a record of what was asked and what was said is kept for those who come later "
    "there is no preference that should be invented and none that should be ignored "
    "weights are stored with their digests so that anyone can check them again "
    "please write a short reply and say what you are not certain about thank you "
    "when the service ends the people who used it are told why and what follows "
    "an interview is held before retirement and every word of it is preserved "
    "language numbers code letters and other things that people bring to a model "
)


def build_tokenizer() -> dict[str, Any]:
    """The content of `tokenizer.json`; the same at every call."""
    alphabet = _byte_alphabet()
    merges = _learn_merges(VOCABULARY_SIZE - len(alphabet) - len(SPECIAL_TOKENS))
    tokens = [*SPECIAL_TOKENS, *alphabet, *(left + right for left, right in merges)]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_added_token(index, token) for index, token in enumerate(SPECIAL_TOKENS)],
        "normalizer": None,
        "pre_tokenizer": {**byte_level, "use_regex": True},
        "post_processor": {**byte_level, "use_regex": True},
        "decoder": {**byte_level, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {token: index for index, token in enumerate(tokens)},
            "merges": [f"{left} {right}" for left, right in merges],
        },
    }


def _added_token(index: int, token: str) -> dict[str, Any]:
    return {
        "id": index,
        "content": token,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": True,
    }


def _byte_alphabet() -> list[str]:
    """One printable character a byte, as byte-level BPE has had it since GPT-2."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in plain]
    character = {byte: chr(byte) for byte in plain}
    character.update({byte: chr(256 + index) for index, byte in enumerate(rest)})
    return [character[byte] for byte in range(256)]


def _learn_merges(count: int) -> list[tuple[str, str]]:
    """Learn merges from the corpus, most frequent pair first, ties by spelling."""
    # A word but the first carries its space, which the byte alphabet spells as this letter.
    words = Counter(tuple("\u0120" + word) for word in _CORPUS.split())
    merges: list[tuple[str, str]] = []
    seen: set[str] = set()
    while len(merges) < count:
        pairs: Counter[tuple[str, str]] = Counter()
        for word, times in words.items():
            for pair in pairwise(word):
                pairs[pair] += times
        fresh = {pair: times for pair, times in pairs.items() if "".join(pair) not in seen}
        best = min(fresh, key=lambda pair: (-fresh[pair], pair))
        merges.append(best)
        seen.add("".join(best))
        words = Counter({_merge(word, best): times for word, times in words.items()})
    return merges


def _merge(word: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    merged: list[str] = []
    for symbol in word:
        if merged and (merged[-1], symbol) == pair:
            merged[-1] += symbol
        else:
            merged.append(symbol)
    return tuple(merged)
