"""The small Llama: the numbers of the paper, the numbers of transformers, and clear refusals."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernel.errors import DrillFailed
from tasks.preservation import numpy_llama
from tasks.preservation.numpy_llama import NumpyLlama
from tasks.preservation.numpy_stack import stack
from tests.tasks.preservation.llama_scene import (
    TINY,
    Weights,
    random_weights,
    shapes,
    write_model,
    write_safetensors,
)

PROMPT = (7, 300, 12, 12, 45, 200, 383, 4, 99)


def _reference(config: dict[str, Any], weights: Weights, tokens: tuple[int, ...]) -> Any:
    """Logits as the formulas say: float64, position by position, head by head, no cache."""
    heads = config["num_attention_heads"]
    kv_heads = config.get("num_key_value_heads", heads)
    dim = config.get("head_dim") or config["hidden_size"] // heads
    theta, eps = config["rope_theta"], config["rms_norm_eps"]
    w = {name: values.astype(np.float64) for name, values in weights.items()}
    sequence = [w["model.embed_tokens.weight"][token] for token in tokens]

    def rms(x: npt.NDArray[np.float64], name: str) -> npt.NDArray[np.float64]:
        return x / np.sqrt(np.mean(x**2) + eps) * w[name]

    def rotated(x: npt.NDArray[np.float64], position: int) -> npt.NDArray[np.float64]:
        out = np.empty(dim)
        for i in range(dim // 2):
            z = complex(x[i], x[i + dim // 2])
            z *= np.exp(1j * position * theta ** (-2 * i / dim))
            out[i], out[i + dim // 2] = z.real, z.imag
        return out

    for n in range(config["num_hidden_layers"]):
        at = f"model.layers.{n}."
        normed = [rms(x, at + "input_layernorm.weight") for x in sequence]
        q, k, v = (
            [(w[f"{at}self_attn.{p}_proj.weight"] @ x).reshape(-1, dim) for x in normed]
            for p in "qkv"
        )
        after = []
        for i, x in enumerate(sequence):
            mixed = []
            for head in range(heads):
                group = head // (heads // kv_heads)
                query = rotated(q[i][head], i)
                scores = [query @ rotated(k[j][group], j) / np.sqrt(dim) for j in range(i + 1)]
                shares = np.exp(scores) / np.sum(np.exp(scores))
                mixed.append(sum(share * v[j][group] for j, share in enumerate(shares)))
            attended = x + w[at + "self_attn.o_proj.weight"] @ np.concatenate(mixed)
            y = rms(attended, at + "post_attention_layernorm.weight")
            gate, up = w[at + "mlp.gate_proj.weight"] @ y, w[at + "mlp.up_proj.weight"] @ y
            swish = gate / (1 + np.exp(-gate))
            after.append(attended + w[at + "mlp.down_proj.weight"] @ (swish * up))
        sequence = after
    head = w.get("lm_head.weight", w["model.embed_tokens.weight"])
    return np.array([head @ rms(x, "model.norm.weight") for x in sequence])


@pytest.mark.parametrize(
    ("changes", "dtype", "shards"),
    [
        ({}, "F32", 1),
        ({}, "BF16", 3),
        ({"tie_word_embeddings": True}, "F16", 1),
        ({"num_key_value_heads": 4}, "BF16", 1),
        ({"num_key_value_heads": 1, "head_dim": 14, "num_attention_heads": 3}, "F32", 2),
        ({"rope_theta": 500.0, "rms_norm_eps": 0.1}, "F32", 1),
    ],
)
def test_logits_are_those_of_the_formulas(
    tmp_path: Path, changes: dict[str, Any], dtype: str, shards: int
) -> None:
    config = {**TINY, **changes}
    weights = random_weights(config)
    folder = write_model(tmp_path / "m", config, weights, dtype=dtype, shards=shards)
    logits = NumpyLlama(folder).logits(PROMPT)
    expected = _reference(config, weights, PROMPT)
    assert logits.dtype == np.float32
    assert np.abs(expected).max() > 2
    assert np.abs(logits - expected).max() < 1e-4


def test_numbers_are_those_of_transformers(tmp_path: Path) -> None:
    """What transformers 5.24.0's LlamaForCausalLM gave for these weights, on torch 2.13.0."""
    config = {
        **{"model_type": "llama", "vocab_size": 16, "hidden_size": 8, "intermediate_size": 12},
        **{"num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2},
        **{"head_dim": 4, "rms_norm_eps": 1e-5, "tie_word_embeddings": False},
        "rope_parameters": {"rope_type": "default", "rope_theta": 500.0},
    }
    weights = {}
    for number, (name, shape) in enumerate(sorted(shapes(config).items())):
        i = np.arange(np.prod(shape), dtype=np.float64)
        weights[name] = np.sin(1 + 0.37 * i * i + number).astype(np.float32).reshape(shape)
    model = NumpyLlama(write_model(tmp_path / "m", config, weights))
    prompt = (3, 14, 15, 9, 2, 6, 5)
    last = [2.20225, -0.94951, 1.48793, 1.60665, 0.72812, 2.65261, 0.50469, -1.65032]
    last += [1.98165, 0.461, -0.42094, 0.37353, -0.67031, 1.46354, -2.51036, -0.0761]
    assert model.logits(prompt)[-1] == pytest.approx(last, abs=2e-5)
    greedy = (5, 5, 14, 1, 5, 7, 5, 1, 5, 10, 7, 9, 7, 9, 12, 3, 1, 1, 1, 2)
    assert model.generate(prompt, 20).tokens == greedy


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> NumpyLlama:
    return NumpyLlama(write_model(tmp_path_factory.mktemp("tiny") / "m"))


@settings(deadline=None, max_examples=40)
@given(
    prompt=st.lists(st.integers(0, TINY["vocab_size"] - 1), min_size=1, max_size=30),
    block=st.integers(1, 40),
)
def test_generating_with_a_cache_is_reading_all_again(
    tiny: NumpyLlama, prompt: list[int], block: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numpy_llama, "_BLOCK", block)
        made = tiny.generate(prompt, 6)
        in_blocks = tiny.logits([*prompt, *made.tokens])
    whole = tiny.logits([*prompt, *made.tokens])
    assert np.abs(whole - in_blocks).max() < 1e-3
    for row, token in zip(whole[len(prompt) - 1 :], made.tokens, strict=False):
        assert row[token] > row.max() - 1e-3


def test_the_same_prompt_gives_the_same_bits(tiny: NumpyLlama, tmp_path: Path) -> None:
    made = tiny.generate(PROMPT, 20)
    again = NumpyLlama(write_model(tmp_path / "m"))
    assert again.generate(PROMPT, 20) == made
    assert len(set(made.tokens)) > 3
    assert again.generate(PROMPT[1:], 20) != made


def test_logits_are_hashed_row_by_row_in_float32(tmp_path: Path) -> None:
    weights = {name: np.zeros(shape, np.float32) for name, shape in shapes(TINY).items()}
    made = NumpyLlama(write_model(tmp_path / "m", TINY, weights)).generate((5, 6), 3)
    assert made.tokens == (0, 0, 0)  # all are as likely: the lowest id
    assert made.logits_sha256 == hashlib.sha256(bytes(3 * 4 * TINY["vocab_size"])).hexdigest()


def test_an_end_token_ends_it_and_is_kept(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m")
    tokens = NumpyLlama(folder).generate(PROMPT, 12).tokens
    last = next(i for i, token in enumerate(tokens) if i > 2 and token not in tokens[:i])
    generation = folder / "generation_config.json"
    generation.write_text(json.dumps({"eos_token_id": [tokens[last], 9999]}))
    assert NumpyLlama(folder).generate(PROMPT, 12).tokens == tokens[: last + 1]
    generation.unlink()
    (folder / "config.json").write_text(json.dumps({**TINY, "eos_token_id": tokens[last]}))
    assert NumpyLlama(folder).generate(PROMPT, 12).tokens == tokens[: last + 1]


@pytest.mark.parametrize(
    "text", ["plain words", "Ünïcödé 東京 🌱", "two\n\nlines\t", "<|turn|>user"]
)
def test_text_becomes_tokens_and_text_again(tiny: NumpyLlama, text: str) -> None:
    tokens = tiny.encode(text)
    assert max(tokens) < TINY["vocab_size"]
    assert tiny.decode(tokens) == text.removeprefix("<|turn|>")


def test_the_stack_names_what_decides_the_last_bits() -> None:
    told = stack()
    assert told["numpy"] == np.__version__
    assert told["dtype"] == "float32"
    assert {"program", "blas", "blas_kernel", "machine", "cpu_features", "python"} <= told.keys()
    assert all(told.values())
    assert stack() == told


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model_type": "mixtral"}, "model_type mixtral"),
        ({"rope_scaling": {"rope_type": "llama3", "factor": 8.0}}, "rope_type llama3"),
        ({"rope_scaling": {"type": "linear", "factor": 2.0}}, "rope_type linear"),
        ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4}}, "rope_type yarn"),
        ({"hidden_act": "gelu"}, "hidden_act gelu"),
        ({"attention_bias": True}, "attention_bias"),
        ({"quantization_config": {"bits": 4}}, "quantized"),
        ({"num_key_value_heads": 3}, "key-value heads"),
        ({"head_dim": 7}, "head_dim 7"),
        ({"num_hidden_layers": 10**9}, "num_hidden_layers"),
        ({"hidden_size": "many"}, "hidden_size"),
        ({"vocab_size": None}, "vocab_size"),
        ({"rope_parameters": {"rope_theta": "far"}}, "rope_parameters.rope_theta"),
        ({"hidden_size": 4096, "num_hidden_layers": 80}, "small models"),
    ],
)
def test_what_it_does_not_know_is_refused_in_a_sentence(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    folder = write_model(tmp_path / "m")
    (folder / "config.json").write_text(json.dumps({**TINY, **changes}))
    with pytest.raises(DrillFailed, match=said) as refused:
        NumpyLlama(folder)
    assert str(folder / "config.json") in str(refused.value)
    assert "drill.runner: endpoint" in str(refused.value)
    assert "\n" not in str(refused.value)


def _without(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        weights = {k: v for k, v in random_weights(TINY).items() if k != name}
        write_safetensors(folder / "model.safetensors", weights)

    return change


def _with(dtype: str = "F32", **changed: npt.NDArray[np.float32]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        weights = {**random_weights(TINY), **{f"model.{k}.weight": v for k, v in changed.items()}}
        write_safetensors(folder / "model.safetensors", weights, dtype)

    return change


def _only_a_pickle(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def _index_that_leads_away(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    names = dict.fromkeys(shapes(TINY), "../elsewhere.safetensors")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))


def _cut_short(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_without("model.norm.weight"), "holds no tensor model.norm.weight"),
        (_with(norm=np.ones(31, np.float32)), r"model.norm.weight is F32 \[31\]"),
        (_with("I64"), "is I64"),
        (_only_a_pickle, "model.safetensors.index.json: no such file"),
        (_index_that_leads_away, "names no file in the folder"),
        (_cut_short, "can't be read as safetensors"),
        (lambda folder: (folder / "tokenizer.json").write_text("{}"), "as a tokenizer"),
        (lambda folder: (folder / "config.json").write_text("[1]"), "no JSON object"),
        (lambda folder: (folder / "config.json").write_text("{"), "as JSON"),
        (lambda folder: (folder / "config.json").unlink(), "no such file"),
    ],
)
def test_a_folder_that_does_not_hold_together_is_refused(
    tmp_path: Path, change: Callable[[Path], object], said: str
) -> None:
    folder = write_model(tmp_path / "m")
    change(folder)
    with pytest.raises(DrillFailed, match=said) as refused:
        NumpyLlama(folder)
    assert str(folder) in str(refused.value)


def test_weights_that_give_no_numbers_fail(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m")
    _with(norm=np.full(TINY["hidden_size"], np.nan, np.float32))(folder)
    with pytest.raises(DrillFailed, match="NaN or infinite logits at token 1"):
        NumpyLlama(folder).generate(PROMPT, 4)


def test_prompts_that_are_not_of_this_model_fail(tiny: NumpyLlama) -> None:
    with pytest.raises(DrillFailed, match="no tokens"):
        tiny.generate((), 4)
    with pytest.raises(DrillFailed, match="not of one model"):
        tiny.generate((1, TINY["vocab_size"]), 4)
