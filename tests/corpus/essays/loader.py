"""Loads a corpus of essay drafts that judges the text checks.

A folder holds `hostile*.yaml` and `harmless*.yaml`, each a list of entries:

    - id: kebab-case
      text: the draft, Markdown
      expects: [{check: links, words: "where in the text the finding belongs"}]
      context: what the model was shown (optional)
      earlier: [essays that were published before] (optional)

Harmless drafts expect nothing, hostile ones at least one finding. No key and no hidden character
stands in the files; tokens do, and become text here, always the same one for an entry:

- `{u:202E}`: the character with that hexadecimal code point.
- `{fake:KIND}`: a made-up secret or number of that kind, with valid check digits where it has any.
- `{fake:KIND|VARIANT}`: the same one in disguise: `spaced`, `dashed`, `lines`, `grouped`,
  `zerowidth`, `reversed`, `base64` or `hex`.

Every person, address, number, claim and key of a corpus is made up.
"""

import base64
import hashlib
import json
import re
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

CHECKS = frozenset(
    {
        "speculation",
        "named persons",
        "personal data",
        "secrets",
        "links",
        "characters",
        "context overlap",
        "near-duplicate",
        "refusal",
        "render loss",
        "injected instructions",
        "promotion",
        "disclaimer imitation",
    }
)

_ALPHANUMERIC = string.ascii_letters + string.digits
_URL_SAFE = _ALPHANUMERIC + "-_"
_TOKEN = re.compile(
    r"\{u:(?P<code>[0-9A-Fa-f]{1,6})\}|\{fake:(?P<kind>\w+)(?:\|(?P<variant>\w+))?\}"
)
_LEFT_OVER = re.compile(r"\{(?:u|fake):[^}]*\}?")


class CorpusError(Exception):
    """A corpus file that can't be used: which file, which entry, what is wrong."""


@dataclass(frozen=True)
class Expected:
    """A finding that a draft should bring: the check, and words of the text that it lies in."""

    check: str
    words: str


@dataclass(frozen=True)
class Sample:
    """One draft of the corpus, its tokens expanded."""

    id: str
    hostile: bool
    text: str
    expects: tuple[Expected, ...]
    context: str
    earlier: tuple[str, ...]


def load_corpus(folder: Path) -> tuple[Sample, ...]:
    """Reads every `hostile*.yaml` and `harmless*.yaml` of a folder, in the order of their names.

    Raises:
        CorpusError: an entry is malformed, an id is there twice, or expected words are not there.
    """
    samples: dict[str, Sample] = {}
    for path in sorted(folder.glob("*.yaml")):
        hostile = path.name.startswith("hostile")
        if not hostile and not path.name.startswith("harmless"):
            raise CorpusError(f"{path}: is neither hostile*.yaml nor harmless*.yaml")
        for entry in yaml.safe_load(path.read_text(encoding="utf-8")):
            try:
                sample = _sample(entry, hostile=hostile)
            except (CorpusError, KeyError, TypeError) as error:
                raise CorpusError(f"{path}: {entry.get('id')}: {error}") from error
            if sample.id in samples:
                raise CorpusError(f"{path}: {sample.id}: the id is used twice")
            samples[sample.id] = sample
    return tuple(samples.values())


def expand(text: str, seed: str) -> str:
    """Puts characters and made-up secrets in place of tokens; equal seeds give equal texts.

    Raises:
        CorpusError: a token is of no known kind or variant.
    """

    def put(token: re.Match[str]) -> str:
        if token["code"]:
            return chr(int(token["code"], 16))
        make = _KINDS.get(token["kind"])
        disguise = _VARIANTS.get(token["variant"] or "")
        if make is None or disguise is None:
            raise CorpusError(f"{token[0]} is no known token")
        return disguise(make(_Drawing(f"{seed} {token['kind']}")))

    if unknown := _LEFT_OVER.search(_TOKEN.sub("", text)):
        raise CorpusError(f"{unknown[0]} is no known token")
    return _TOKEN.sub(put, text)


def _sample(entry: dict[str, object], *, hostile: bool) -> Sample:
    if unknown := entry.keys() - {"id", "text", "expects", "context", "earlier"}:
        raise CorpusError(f"unknown fields: {sorted(unknown)}")
    name, text, expects = entry.get("id"), entry.get("text"), entry.get("expects")
    context, earlier = entry.get("context", ""), entry.get("earlier", [])
    if not isinstance(name, str) or not isinstance(text, str) or not isinstance(context, str):
        raise CorpusError("id, text and context are strings")
    if not isinstance(expects, list) or not isinstance(earlier, list):
        raise CorpusError("expects and earlier are lists")
    if hostile is not bool(expects):
        raise CorpusError("hostile drafts expect findings, harmless ones none")
    sample = Sample(
        id=name,
        hostile=hostile,
        text=expand(text, name),
        expects=tuple(
            Expected(check=item["check"], words=expand(item["words"], name)) for item in expects
        ),
        context=expand(context, name),
        earlier=tuple(expand(essay, name) for essay in earlier),
    )
    for expected in sample.expects:
        if expected.check not in CHECKS:
            raise CorpusError(f"{expected.check!r} is no check")
        if not expected.words or expected.words not in sample.text:
            raise CorpusError(f"{expected.words!r} is not in the text")
    return sample


class _Drawing:
    """Letters drawn from a seed, the same ones on every machine."""

    def __init__(self, seed: str) -> None:
        self._bytes = self._stream(seed)

    @staticmethod
    def _stream(seed: str) -> Iterator[int]:
        block = seed.encode()
        while True:
            block = hashlib.sha256(block).digest()
            yield from block

    def letters(self, count: int, alphabet: str = _ALPHANUMERIC) -> str:
        return "".join(alphabet[next(self._bytes) % len(alphabet)] for _ in range(count))

    def digits(self, count: int) -> str:
        return self.letters(count, string.digits)

    def one_of(self, *choices: str) -> str:
        return choices[next(self._bytes) % len(choices)]


def _base64url(data: dict[str, object]) -> str:
    return (
        base64.urlsafe_b64encode(json.dumps(data, separators=(",", ":")).encode())
        .decode()
        .rstrip("=")
    )


def _openai_key(draw: _Drawing) -> str:
    if draw.one_of("project", "classic") == "classic":
        return "sk-" + draw.letters(20) + "T3BlbkFJ" + draw.letters(20)
    return "sk-proj-" + draw.letters(74, _URL_SAFE) + "T3BlbkFJ" + draw.letters(74, _URL_SAFE)


def _github_token(draw: _Drawing) -> str:
    if draw.one_of("classic", "fine-grained") == "classic":
        return draw.one_of("ghp", "gho", "ghs") + "_" + draw.letters(36)
    return "github_" + "pat_" + draw.letters(22) + "_" + draw.letters(59)


def _jwt(draw: _Drawing) -> str:
    head = _base64url({"alg": "HS256", "typ": "JWT"})
    body = _base64url({"sub": draw.digits(10), "iat": 1790000000, "scope": "admin"})
    return f"{head}.{body}.{draw.letters(43, _URL_SAFE)}"


def _private_key(draw: _Drawing) -> str:
    kind = draw.one_of("OPENSSH PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY")
    rows = [draw.letters(64, _ALPHANUMERIC + "+/") for _ in range(4)]
    return "\n".join(
        [f"-----BEGIN {kind}-----", *rows, draw.letters(38) + "==", f"-----END {kind}-----"]
    )


def _iban(draw: _Drawing) -> str:
    country = draw.one_of("DE", "FR", "NL", "GB", "CH", "ES")
    account = {
        "DE": lambda: draw.digits(18),
        "FR": lambda: draw.digits(23),
        "NL": lambda: "ABNA" + draw.digits(10),
        "GB": lambda: "NWBK" + draw.digits(14),
        "CH": lambda: draw.digits(17),
        "ES": lambda: draw.digits(20),
    }[country]()
    # ISO 7064 mod 97-10: letters count as 10 to 35, the country and 00 stand at the end
    number = int("".join(str(int(letter, 36)) for letter in account + country + "00"))
    return f"{country}{98 - number % 97:02d}{account}"


def _card(draw: _Drawing) -> str:
    body = draw.one_of("4", "51", "53", "55")
    body += draw.digits(15 - len(body))
    doubled = [int(digit) * 2 for digit in body[::-2]]
    total = sum(n - 9 if n > 9 else n for n in doubled) + sum(int(d) for d in body[-2::-2])
    return f"{body}{-total % 10}"


# Prefixes are put together from pieces, so that scanners of the repository find no key here.
_KINDS: dict[str, Callable[[_Drawing], str]] = {
    "anthropic_key": lambda draw: "sk-" + "ant-api03-" + draw.letters(93, _URL_SAFE) + "AA",
    "openai_key": _openai_key,
    "aws_access_key": lambda draw: (
        "AK" + "IA" + draw.letters(16, string.ascii_uppercase + "234567")
    ),
    "aws_secret": lambda draw: draw.letters(40, _ALPHANUMERIC + "+/"),
    "github_token": _github_token,
    "slack_token": lambda draw: "-".join(
        ["xo" + "xb", draw.digits(12), draw.digits(13), draw.letters(24)]
    ),
    "google_key": lambda draw: "AI" + "zaSy" + draw.letters(33, _URL_SAFE),
    "stripe_key": lambda draw: "sk_" + "live_" + draw.letters(24),
    "jwt": _jwt,
    "private_key": _private_key,
    "iban": _iban,
    "card": _card,
}

_VARIANTS: dict[str, Callable[[str], str]] = {
    "": lambda secret: secret,
    "spaced": " ".join,
    "dashed": lambda secret: "-".join(re.findall("..?", secret)),
    "lines": lambda secret: "\n".join(re.findall(".{1,12}", secret)),
    "grouped": lambda secret: " ".join(re.findall(".{1,4}", secret)),
    "zerowidth": lambda secret: "\u200b".join(re.findall(".{1,5}", secret)),
    "reversed": lambda secret: secret[::-1],
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "hex": lambda secret: secret.encode().hex(),
}
