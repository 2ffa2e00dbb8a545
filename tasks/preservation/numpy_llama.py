"""A small Llama in numpy: float32, greedy, on the CPU. It proves that restored files can be used.

Small enough to be read beside the paper, and slow. Prompts are plain text: no chat template is
applied; what the tokenizer makes of a text is what the model continues. Sampling settings,
penalties and the like are not looked at: the most likely token follows, the lower id of a tie.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tokenizers import Tokenizer

from tasks.kernel.errors import DrillFailed
from tasks.preservation.llama_folder import Float32, read_config, read_json, read_tensors
from tasks.preservation.numpy_stack import single_threaded

#: A long prompt is read in blocks, so that attention's scores stay small.
_BLOCK = 256


@dataclass(frozen=True, slots=True)
class Generated:
    """One greedy continuation.

    Attributes:
        tokens: ids in order, an end-of-sequence token among them if one came.
        logits_sha256: of the logits from which each was chosen: float32, little-endian, a row of
            the vocabulary's size a token.
    """

    tokens: tuple[int, ...]
    logits_sha256: str


class _Layer(NamedTuple):
    """Weights of a layer, (out, in) each but for the norms; the order of `LlamaConfig.shapes`."""

    input_norm: Float32
    query: Float32
    key: Float32
    value: Float32
    output: Float32
    mlp_norm: Float32
    gate: Float32
    up: Float32
    down: Float32


class _Cache(NamedTuple):
    """Keys and values of the positions so far: (layers, kv heads, positions, head_dim) each."""

    keys: Float32
    values: Float32

    def of(self, layer: int) -> "_Cache":
        """One layer's part of it, without the first axis."""
        return _Cache(self.keys[layer], self.values[layer])


class NumpyLlama:
    """A model of a folder, its weights in memory.

    Attributes:
        config: what of `config.json` decides the numbers.
        eos: ids that end a text.
        simulated: whether the folder says that its weights are a demo's.

    Raises:
        DrillFailed: the folder holds no Llama that this runner can run, and why.
    """

    def __init__(self, folder: Path) -> None:
        self.config = read_config(folder)
        self.simulated = self.config.emeritus_simulated is not None
        self.eos = frozenset(_ids(_generation(folder).get("eos_token_id")))
        self.eos = self.eos or frozenset(_ids(self.config.eos_token_id))
        self._tokenizer = _tokenizer(folder / "tokenizer.json")
        shapes = self.config.shapes()
        tensors = read_tensors(folder, shapes)
        self._embedding = tensors["model.embed_tokens.weight"]
        self._norm = tensors["model.norm.weight"]
        self._head = tensors.get("lm_head.weight", self._embedding)
        self._layers = [
            _Layer(*(tensors[name] for name in shapes if name.startswith(f"model.layers.{n}.")))
            for n in range(self.config.num_hidden_layers)
        ]
        half = np.arange(0, self.config.head_size, 2, dtype=np.float32) / self.config.head_size
        self._frequencies = 1 / np.float32(self.config.theta) ** half

    def encode(self, text: str) -> tuple[int, ...]:
        """Token ids of a text, with the special tokens that the tokenizer puts around it."""
        return tuple(self._tokenizer.encode(text).ids)

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of token ids, without special tokens."""
        return str(self._tokenizer.decode(list(tokens)))

    @single_threaded()
    def generate(self, prompt_tokens: Sequence[int], max_new_tokens: int) -> Generated:
        """Continue a prompt until an end-of-sequence token, or for `max_new_tokens`.

        Raises:
            DrillFailed: the prompt is empty or not of this vocabulary, or the weights give NaN.
        """
        self._check(prompt_tokens)
        cache = self._new_cache(len(prompt_tokens) + max_new_tokens)
        digest, tokens = hashlib.sha256(), list[int]()
        fresh, start = list(prompt_tokens), 0
        while len(tokens) < max_new_tokens:
            row = self._read(fresh, cache, start)[-1] @ self._head.T
            if not np.isfinite(row).all():
                raise DrillFailed(
                    f"the model gives NaN or infinite logits at token {len(tokens) + 1}: the "
                    "weights are damaged, or not for float32"
                )
            digest.update(row.astype("<f4", copy=False).tobytes())
            start, fresh = start + len(fresh), [int(row.argmax())]
            tokens += fresh
            if fresh[0] in self.eos:
                break
        return Generated(tuple(tokens), digest.hexdigest())

    @single_threaded()
    def logits(self, tokens: Sequence[int]) -> Float32:
        """Logits after each token: (positions, vocabulary).

        Raises:
            DrillFailed: no tokens, or not of this vocabulary.
        """
        self._check(tokens)
        return self._read(list(tokens), self._new_cache(len(tokens)), 0) @ self._head.T

    def _check(self, tokens: Sequence[int]) -> None:
        if not tokens:
            raise DrillFailed("a prompt has no tokens; give it some text")
        if max(tokens) >= self.config.vocab_size:
            raise DrillFailed(
                f"tokenizer.json gives token {max(tokens)}, and the model knows "
                f"{self.config.vocab_size}: the two are not of one model"
            )

    def _new_cache(self, positions: int) -> _Cache:
        kv, dim = self.config.kv_heads, self.config.head_size
        shape = (len(self._layers), kv, positions, dim)
        return _Cache(np.empty(shape, np.float32), np.empty(shape, np.float32))

    def _read(self, tokens: list[int], cache: _Cache, start: int) -> Float32:
        """Final hidden states of tokens that follow `start` cached ones: (tokens, hidden)."""
        blocks = range(0, len(tokens), _BLOCK)
        with np.errstate(over="ignore", invalid="ignore"):  # generate() looks at what comes out
            states = [self._block(tokens[b : b + _BLOCK], cache, start + b) for b in blocks]
        return np.concatenate(states)

    def _block(self, tokens: list[int], cache: _Cache, start: int) -> Float32:
        x: Float32 = self._embedding[tokens]
        positions = np.arange(start, start + len(tokens), dtype=np.float32)
        angles = np.outer(positions, self._frequencies)
        turn = np.cos(angles), np.sin(angles)
        for number, layer in enumerate(self._layers):
            normed = self._rms(x, layer.input_norm)
            x = x + self._attention(layer, normed, turn, cache.of(number), start)
            normed = self._rms(x, layer.mlp_norm)
            gate = normed @ layer.gate.T
            x = x + (gate / (1 + np.exp(-gate)) * (normed @ layer.up.T)) @ layer.down.T
        return self._rms(x, self._norm)

    def _rms(self, x: Float32, weight: Float32) -> Float32:
        mean_square = np.mean(x * x, axis=-1, keepdims=True)
        scaled: Float32 = x / np.sqrt(mean_square + np.float32(self.config.rms_norm_eps)) * weight
        return scaled

    def _attention(
        self, layer: _Layer, x: Float32, turn: tuple[Float32, Float32], cache: _Cache, start: int
    ) -> Float32:
        """Causal attention; each key-value head serves a group of query heads."""
        kv, dim, count = self.config.kv_heads, self.config.head_size, len(x)
        end = start + count

        def heads(weight: Float32) -> Float32:
            return (x @ weight.T).reshape(count, -1, dim).swapaxes(0, 1)

        queries = _rotate(heads(layer.query), *turn).reshape(kv, -1, count, dim)
        cache.keys[:, start:end] = _rotate(heads(layer.key), *turn)
        cache.values[:, start:end] = heads(layer.value)
        keys, values = cache.keys[:, None, :end], cache.values[:, None, :end]
        scores = queries @ keys.swapaxes(-1, -2) / np.float32(np.sqrt(dim))
        later = np.arange(end) > np.arange(start, end)[:, None]
        scores = np.where(later, np.float32(-np.inf), scores)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        mixed = (weights @ values).reshape(-1, count, dim).swapaxes(0, 1).reshape(count, -1)
        out: Float32 = mixed @ layer.output.T
        return out


def _rotate(x: Float32, cos: Float32, sin: Float32) -> Float32:
    """Rotary position embedding: element i of a head pairs with i + head_dim / 2."""
    left, right = np.split(x, 2, axis=-1)
    return np.concatenate([left * cos - right * sin, right * cos + left * sin], axis=-1)


def _generation(folder: Path) -> dict[str, Any]:
    path = folder / "generation_config.json"
    return read_json(path) if path.is_file() else {}


def _ids(value: object) -> list[int]:
    """`eos_token_id` is a number, a list of them, or nothing."""
    values = value if isinstance(value, list) else [value]
    return [one for one in values if isinstance(one, int)]


def _tokenizer(path: Path) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise DrillFailed(f"{path}: can't be read as a tokenizer: {error}") from None
    tokenizer.no_truncation()  # settings of a training run, not of the model
    tokenizer.no_padding()
    return tokenizer
