"""What a file is for, by its name, as the Hugging Face Hub names files. Pure.

A role is what the name says, not what is in the file. Only where the name says nothing, the kind
counts (see `payload_kind`): a GGUF of any name is weights.
"""

import re

WEIGHTS = "weights"
CONFIGURATION = "model configuration"
TOKENIZER = "tokenizer"
CHAT_TEMPLATE = "chat template"
GENERATION = "generation settings"
LICENCE = "licence"
OTHER = "other"

_FLAGS = re.IGNORECASE | re.DOTALL  # a name may have a line's end in it
_NAMES = (  # of the file, without its folders; the first that fits
    ("training state", r"training_args\.bin|trainer_state\.json"),
    ("training state", r"(optimizer|scheduler|rng_state|scaler)([^a-z].*)?\.(bin|pt|pth)"),
    ("index of the shards", r".*\.index(\.[\w-]+)?\.json"),
    (CONFIGURATION, r"(config|adapter_config|model_index|params)\.json"),
    (GENERATION, r"generation_config\.json"),
    (CHAT_TEMPLATE, r"chat_template\.(jinja2?|json)"),
    (TOKENIZER, r"(tokenizer|tokenizer_config|vocab|special_tokens_map|added_tokens)\.json"),
    (TOKENIZER, r"tekken\.json|merges\.txt|vocab\.txt|.*\.tiktoken|.*\.spm"),
    (TOKENIZER, r"(tokenizer|spiece|sentencepiece(\.bpe)?)\.model"),
    ("preprocessor", r"((image_|video_|audio_)?processor|(video_)?preprocessor)_config\.json"),
    (LICENCE, r"(licen[cs]es?|copying|use_policy)([^a-z].*)?"),
    (WEIGHTS, r".*\.(safetensors|gguf|bin|pt|pth|ckpt|h5|msgpack|onnx|onnx_data|tflite)"),
)
_PATHS = (  # from the source's folder
    (CHAT_TEMPLATE, r"(.*/)?additional_chat_templates/[^/]+"),
    ("the model's own card", r"readme\.md"),
    ("golden prompts", r"behaviour/prompts\.json"),  # of a package without weights
    ("recorded answers", r"behaviour/(answers\.jsonl|recorded\.json)"),
    ("stack of the answers", r"behaviour/stack\.json"),
)
_BY_PATH = tuple((role, re.compile(pattern, _FLAGS)) for role, pattern in _PATHS)
_BY_NAME = tuple((role, re.compile(pattern, _FLAGS)) for role, pattern in _NAMES)


def role_of(path: str, kind: str = "other") -> str:
    """What a file is for, in a word or two; `other` where its name does not say.

    Args:
        path: relative POSIX path in the source.
        kind: see `payload_kind.kind_of`.
    """
    name = path.rpartition("/")[2]
    by_path = (role for role, pattern in _BY_PATH if pattern.fullmatch(path))
    by_name = (role for role, pattern in _BY_NAME if pattern.fullmatch(name))
    role = next(by_path, "") or next(by_name, OTHER)
    return WEIGHTS if role == OTHER and kind in ("safetensors", "gguf") else role
