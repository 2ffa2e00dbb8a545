"""Roles by the names that the Hugging Face Hub knows."""

import pytest

from tasks.preservation.payload_role import role_of

NAMED = {
    "model configuration": ["config.json", "unet/config.json", "adapter_config.json"],
    "tokenizer": [
        "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "vocab.json", "vocab.txt",
        "merges.txt", "special_tokens_map.json", "added_tokens.json", "spiece.model",
        "qwen.tiktoken", "tekken.json", "sentencepiece.bpe.model", "tokenizer/vocab.json",
    ],
    "chat template": [
        "chat_template.jinja", "chat_template.json", "additional_chat_templates/tool_use.jinja",
    ],
    "generation settings": ["generation_config.json"],
    "index of the shards": [
        "model.safetensors.index.json", "pytorch_model.bin.index.json",
        "diffusion_pytorch_model.safetensors.index.fp16.json",
    ],
    "preprocessor": [
        "preprocessor_config.json", "processor_config.json", "video_preprocessor_config.json",
        "image_processor_config.json",
    ],
    "weights": [
        "model-00001-of-00002.safetensors", "MODEL.SAFETENSORS", "m.Q4_K_M.gguf",
        "pytorch_model.bin", "consolidated.00.pth", "model.ckpt", "onnx/model.onnx", "a\nb.bin",
    ],
    "training state": [
        "training_args.bin", "optimizer.pt", "scheduler.pt", "rng_state_0.pth",
        "trainer_state.json",
    ],
    "the model's own card": ["README.md", "readme.md"],
    "licence": ["LICENSE", "LICENSE.txt", "LICENCE-MIT", "original/License.md", "USE_POLICY.md"],
    "golden prompts": ["behaviour/prompts.json"],
    "recorded answers": ["behaviour/answers.jsonl", "behaviour/recorded.json"],
    "stack of the answers": ["behaviour/stack.json"],
    "other": [
        "", "x", "images/README.md", "licensed_data.csv", "my_config.json", "config.json.bak",
        "tokenizer", "modeling_aster.py", "schedulers.py", "prompts.json",
    ],
}  # fmt: skip


@pytest.mark.parametrize("role", NAMED)
def test_a_name_says_the_role(role: str) -> None:
    assert {path: role_of(path) for path in NAMED[role]} == dict.fromkeys(NAMED[role], role)


def test_where_the_name_says_nothing_weights_are_told_by_their_kind() -> None:
    assert role_of("renamed", "gguf") == role_of("renamed", "safetensors") == "weights"
    assert role_of("optimizer.bin", "gguf") == "training state"
    assert role_of("renamed", "pickle") == "other"
