"""Which of the names in a log are the model: aliases, and what providers put around a name. Pure.

A name is the model when what is left of it after known wrapping is one of the configured names.
What is wrapped in an unknown way, or differs by more, is never taken for the model; where it looks
near, a person is asked. Two names that differ in a number are two models.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

#: Path segments and dotted prefixes that providers and gateways put before a name.
_PROVIDERS = frozenset(
    {
        *("anthropic", "azure", "azure_ai", "bedrock", "converse", "converse_like", "databricks"),
        *("fireworks_ai", "google", "groq", "hosted_vllm", "huggingface", "invoke"),
        *("litellm_proxy", "meta", "mistral", "mistralai", "ollama", "openai", "openrouter"),
        *("sagemaker", "together_ai", "vertex_ai", "vertex_ai_beta"),
        *("vertex_ai-anthropic_models", "vllm", "xai"),
    }
)
_VENDORS = frozenset(
    {
        *("ai21", "amazon", "anthropic", "cohere", "deepseek", "google", "meta", "mistral"),
        *("openai", "qwen", "stability", "writer"),
    }
)
_REGIONS = frozenset({"apac", "ap", "au", "ca", "eu", "global", "jp", "me", "sa", "us", "us-gov"})
_CLOUD_REGION = re.compile(r"[a-z]{2}(-gov)?-[a-z]+-\d")  # us-east-1
_BEDROCK_ARN = re.compile(
    r"arn:aws[a-z-]*:bedrock:[a-z0-9-]*:\d*:"
    r"(foundation-model|inference-profile|provisioned-model)/"
)
_VERTEX_PATH = re.compile(r"(projects/[^/]+/locations/[^/]+/)?publishers/[^/]+/models/")
_CONTEXT = re.compile(r"\[\d+[km]\]$")  # how a client asks for a longer context
_VARIANT = re.compile(r":(beta|exacto|extended|floor|free|nitro|online|thinking)$")
_PACKAGING = re.compile(r"-v(\d+)(:\d+)(:\d+k)?$")  # Bedrock's own version of a model's offer
_BARE_PACKAGING = re.compile(r"-v1$")
_LATEST = re.compile(r"[-@:](latest|default)$")
_DATE = re.compile(r"[-@](20\d{2})-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])$")
_VERSION_PART = re.compile(r"\d{1,2}")
_NEAR = 0.85  # share of letters in common, which a slip of the pen keeps


class Match(StrEnum):
    """How a name in a log stands to the model."""

    OURS = "ours"
    NEAR = "near"  # a person has to decide
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Parsed:
    """A name without what surrounds it.

    Attributes:
        base: the name itself, its parts joined by `-`.
        dated: the snapshot's day as eight digits, or empty.
    """

    base: str
    dated: str


class ModelNames:
    """The names of one model, and those that were found to be other models."""

    def __init__(self, names: Sequence[str], not_names: Sequence[str] = ()) -> None:
        self._exact = {_plain(name) for name in names}
        self._not = {_plain(name) for name in not_names}
        self._parsed = tuple(dict.fromkeys(parse(name) for name in names))

    def match(self, name: str) -> Match:
        """Whether a name in a log is the model. The same for a name in any case."""
        plain = _plain(name)
        if plain in self._exact:
            return Match.OURS
        if plain in self._not or not plain:
            return Match.OTHER
        found = parse(name)
        if any(_same(found, own) for own in self._parsed):
            return Match.OURS
        near = any(_near(found, own) for own in self._parsed)
        return Match.NEAR if near else Match.OTHER


def parse(name: str) -> Parsed:
    """A name without provider, region, packaging, variant and snapshot.

    Only what is known is taken off: an unknown prefix stays, as a part of the name.
    """
    text = _CONTEXT.sub("", _plain(name))
    text, wrapped = _without_prefixes(text)
    text = _VARIANT.sub("", text)
    packaging = _PACKAGING.search(text)
    if packaging:
        bare = text[: packaging.start()]
        # a later version without a date may be a later model: only the first is mere packaging
        if packaging[1] == "1" or _DATE.search(bare):
            text = bare
    elif wrapped:
        text = _BARE_PACKAGING.sub("", text)
    text = _LATEST.sub("", text)
    dated = ""
    if found := _DATE.search(text):
        dated, text = "".join(found.groups()), text[: found.start()]
    return Parsed("-".join(re.findall(r"[^\W_]+", text)), dated)


def _plain(name: str) -> str:
    return re.sub(r"\s+", "-", unicodedata.normalize("NFKC", name).strip().casefold())


def _without_prefixes(text: str) -> tuple[str, bool]:
    """A name without its known path and dots, and whether a vendor stood before it."""
    if found := _BEDROCK_ARN.match(text):
        text = text[found.end() :]
    while "/" in text:
        if found := _VERTEX_PATH.match(text):
            text = text[found.end() :]
            continue
        head, _, rest = text.partition("/")
        if not rest or (head not in _PROVIDERS and not _CLOUD_REGION.fullmatch(head)):
            break
        text = rest
        if found := _BEDROCK_ARN.match(text):
            text = text[found.end() :]
    head, dot, rest = text.partition(".")
    if dot and head in _REGIONS and rest.partition(".")[0] in _VENDORS:
        text = rest
    head, dot, rest = text.partition(".")
    if dot and rest and head in _VENDORS:
        return rest, True
    return text, False


def _same(found: Parsed, own: Parsed) -> bool:
    """A configured name without a date stands for all its snapshots; one with a date for itself."""
    return bool(found.base) and found.base == own.base and own.dated in {"", found.dated}


def _near(found: Parsed, own: Parsed) -> bool:
    if not found.base or not own.base:
        return False
    parts, own_parts = found.base.split("-"), own.base.split("-")
    if own_parts[: len(parts)] == parts:  # a family's name, which may point to the model
        return True
    if _wraps(parts, own_parts):
        return True
    if _numbers(found.base) != _numbers(own.base):
        return False
    alike = SequenceMatcher(None, found.base, own.base).ratio() >= _NEAR
    return alike or "".join(parts) == "".join(own_parts)


def _wraps(long: list[str], short: list[str]) -> bool:
    """Whether a name stands whole in a longer one; `4-5` is no wrapped `4`."""
    width = len(short)
    for at in range(len(long) - width + 1):
        after = long[at + width] if at + width < len(long) else ""
        if long[at : at + width] == short and not _VERSION_PART.fullmatch(after):
            return True
    return False


def _numbers(base: str) -> list[str]:
    return re.findall(r"\d+", base)
