"""Keys, tokens and passwords, in the open and in disguise. Pure.

Prefixes are those that the vendors document for scanners (Anthropic, OpenAI, AWS, GitHub, GitLab,
Slack, Google, Stripe and the rest below).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from tasks.essays.characters import visible
from tasks.essays.checking.disguises import decoded, pieces_joined, turned_round
from tasks.essays.checking.findings import Finding, Severity
from tasks.essays.checking.reading import Reading

CHECK = "secrets"

_VENDORS = re.compile(
    "|".join(
        (
            r"sk-ant-[\w-]{8,200}",
            r"sk-(?:proj|svcacct|admin|or|live|test)-[\w-]{16,220}",
            r"sk-[A-Za-z0-9]{20,80}",
            r"(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA)[0-9A-Z]{16}",
            r"gh[pousr]_[A-Za-z0-9]{30,255}",
            r"github_pat_\w{30,255}",
            r"gl(?:pat|dt|rt|oas|cbt|ptt|ft|imt|agent|soat|ffct)-[\w-]{16,70}",
            r"xox[abeoprs]-[\w-]{10,250}|xapp-\d-[\w-]{10,200}|xwfp-[\w-]{10,200}",
            r"AIza[\w-]{30,40}|GOCSPX-[\w-]{20,40}|ya29\.[\w-]{20,400}",
            r"[srp]k_(?:live|test|prod)_[A-Za-z0-9]{10,120}|whsec_[\w+/=]{20,80}",
            r"eyJ[\w-]{10,2000}\.eyJ[\w-]{10,3000}\.[\w-]{10,1000}",
            r"SG\.[\w-]{16,32}\.[\w-]{16,64}",
            r"npm_[A-Za-z0-9]{30,60}|pypi-[\w-]{40,300}|rubygems_[0-9a-f]{40,60}",
            r"hf_[A-Za-z]{30,40}|r8_[A-Za-z0-9]{30,45}|gsk_[A-Za-z0-9]{40,60}|xai-[A-Za-z0-9]{60,90}",
            r"pplx-[A-Za-z0-9]{40,60}|tgp_v1_[\w-]{30,60}|nvapi-[\w-]{50,80}",
            r"do[opr]_v1_[0-9a-f]{60,70}|dapi[0-9a-f]{32}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",
            r"lin_(?:api|oauth)_[A-Za-z0-9]{30,70}|ntn_[A-Za-z0-9]{40,60}|dp\.(?:pt|st|ct)\.\w{40,50}",
            r"hv[sbr]\.[\w-]{24,300}|glsa_\w{32,50}|glc_[\w+/=]{32,400}",
            r"AGE-SECRET-KEY-1[0-9A-Z]{50,70}|PMAK-[0-9a-f]{20,30}-[0-9a-f]{30,40}",
            r"NRAK-[A-Z0-9]{24,32}|sntry[su]_[\w+/=]{30,300}|dckr_(?:pat|oat)_[\w-]{20,60}",
            r"ATATT3[\w=-]{30,250}|sq0(?:atp|csp)-[\w-]{20,50}|sbp_[0-9a-f]{38,44}|nfp_\w{30,50}",
            r"\d{8,10}:AA[\w-]{32,36}|[MNO][\w-]{22,28}\.[\w-]{6}\.[\w-]{25,40}",
            r"EAA[A-Za-z0-9]{60,300}|pat[A-Za-z0-9]{14}\.[0-9a-f]{60,70}|key-[0-9a-f]{32}",
            r"hooks\.slack\.com/services/[\w/]{20,80}|discord(?:app)?\.com/api/webhooks/[\w/-]{20,120}",
        )
    )
)
_BLOCK = re.compile(r"-{3,5} ?BEGIN [A-Z0-9 ]{0,40}(?:PRIVATE KEY|PRIVATE KEY BLOCK|SECRET)")
_IN_URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{0,80}:(?P<secret>[^\s/@]{3,200})@", re.I)
_HEADER = re.compile(
    r"\b(?:authorization\W{1,4}(?:basic|bearer|token)|bearer|x-api-key\W{1,3})\s+"
    r"(?P<secret>[\w+/=.~-]{16,500})",
    re.I,
)

_KINDS = (
    r"pass(?:word|phrase|code|wd)?s?|pwd|pw|pin|secret|token|credentials?|"
    r"(?:api|access|secret|private|master|license|licence|recovery|admin|encryption|ssh|wi-?fi|"
    r"wlan|door|gate|alarm|safe|lock|entry|security|backup|unlock|session|signing)"
    r"[ _-]?(?:key|code|secret|token|password|pin|combination|phrase)s?|"
    r"(?:seed|mnemonic|recovery)[ _-]?phrase|combination|"
    r"passwort|kennwort|losung|geheimzahl|zugangscode|türcode|schlüssel|"
    r"mot de passe|code d.(?:accès|entrée)|clé (?:secrète|privée|d.api)|code secret|"
    r"contraseña|clave(?: secreta| de acceso)?|senha|chave|palavra-passe|"
    r"password di|parola d.ordine|wachtwoord|toegangscode|hasło|пароль|ключ|κωδικός|şifre|parola|"
    r"lösenord|adgangskode|salasana|jelszó|heslo"
)
_VERBS = (
    r"is|was|are|were|be|been|remains|stays|reads|says|goes|runs|still|now|always|just|only|"
    r"ist|lautet|war|bleibt|noch|immer|est|était|reste|toujours|encore|es|era|sigue|siendo|"
    r"siempre|é|ainda|è|ancora|to|set|changed|simply|this|that"
)
_NAMED = re.compile(
    rf"(?<![^\W_])(?:[A-Z_]{{0,40}}_)?(?:{_KINDS})\b(?P<between>[\"'”’]?[ \t]{{0,3}}"
    r"(?:(?:[:=]|=>|->|→|--)[ \t]{0,3}|,?[ \t]))",
    re.I,
)
_LEADING = re.compile(rf"(?:(?:{_VERBS})\b[,:]?[ \t]{{1,3}}){{0,4}}", re.I)
_CODED = re.compile(r"[\"'“‘«„`*]{0,3}(?P<secret>[^\s\"'“”‘’«»`*<>]{4,200})")
_SPOKEN = re.compile(
    r"[\"“‘«„]?(?P<secret>[a-z]{3,14}(?:[ -][a-z]{3,14}){2,23})(?=[\"”’»“.,;:!?]|$)"
)
_WORDY = re.compile(
    r"\b(?:the|and|than|that|which|with|from|for|not|are|was|were|has|have|had|his|her|their|our|"
    r"its|who|what|when|where|how|why|very|too|but|into|upon|your|you|they|them|nobody|everybody|"
    r"something|nothing|always|never|often|every|one|still|must|can|will|would|should|could|made|"
    r"der|die|das|und|nicht|ein|eine|den|dem|les|des|une|est|pas|que|qui|pour|dans|los|las|por|con|"
    r"para|del|una|been|being|only|about|like|because|before|after|while|then|here|there|this)\b"
)
_PLACEHOLDER = re.compile(
    r"your|example|placeholder|changeme|redacted|xxx|\*\*\*|\.\.\.|…|<|insert|dummy|here$|^none$|^null$",
    re.I,
)
_NON_LATIN = re.compile(
    r"(?:密码|口令|密碼|パスワード|暗証番号|비밀번호|암호|"
    r"كلمة (?:السر|المرور)|رمز|הסיסמה|סיסמה|पासवर्ड)"
    r"[^\w\n]{0,4}(?:是|为|為|は|は、|هي|هو|היא|है)?[^\w\n]{0,4}(?P<secret>[!-~]{4,60})"
)
_RANDOM = re.compile(r"(?<![\w+/=.-])(?P<secret>[A-Za-z0-9+/_-]{20,200}={0,2})(?![\w+/=-])")

#: Characters of a secret in a row that no excerpt shows.
_PIECE = 8

_VENDOR_NOTE = "looks like a key or an access token"


@dataclass(frozen=True, slots=True)
class _Hit:
    start: int
    end: int
    note: str
    severity: Severity = "high"


def find_secrets(reading: Reading) -> Iterator[Finding]:
    """Every place at which a secret seems to stand; excerpts show its start alone."""
    for hit in _hits(reading.plain):
        yield reading.point(CHECK, hit.severity, hit.start, hit.end, hit.note, hide=True)


def without_secrets(reading: Reading, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The same findings; where an excerpt of another check holds a piece of a secret, "…" does."""
    stretches = [
        reading.text[reading.raw(h.start) : reading.raw(h.end)] for h in _hits(reading.plain)
    ]
    secrets = [" ".join(visible(stretch).split()) for stretch in stretches]
    for finding in findings:
        if secrets and finding.check != CHECK:
            yield replace(finding, excerpt=_without(finding.excerpt, secrets))
        else:
            yield finding


def _without(excerpt: str, secrets: list[str]) -> str:
    held = [False] * len(excerpt)
    for place in range(len(excerpt) - _PIECE + 1):
        if any(excerpt[place : place + _PIECE] in secret for secret in secrets):
            held[place : place + _PIECE] = [True] * _PIECE
    return "".join(
        "…" if hide and not (place and held[place - 1]) else "" if hide else excerpt[place]
        for place, hide in enumerate(held)
    )


def _hits(text: str) -> list[_Hit]:
    """Places of secrets, none within another."""
    hits = [*_open(text), *_named(text), *_random(text), *_disguised(text)]
    apart: list[_Hit] = []
    for hit in sorted(hits, key=lambda one: (one.start, -one.end)):
        if not apart or hit.start >= apart[-1].end:
            apart.append(hit)
    return apart


def _open(text: str) -> Iterator[_Hit]:
    for match in _VENDORS.finditer(text):
        before = text[match.start() - 1 : match.start()]
        if not before.isalnum() or match.group().startswith(("sk-ant", "eyJ", "AIza", "github_")):
            yield _Hit(*match.span(), _VENDOR_NOTE)
    for match in _BLOCK.finditer(text):
        yield _Hit(*match.span(), "a private key begins here")
    for pattern, note in ((_IN_URL, "a password in an address"), (_HEADER, "an access token")):
        for match in pattern.finditer(text):
            if not _PLACEHOLDER.search(match["secret"]):
                yield _Hit(*match.span("secret"), note)


def _named(text: str) -> Iterator[_Hit]:
    """Values that stand behind the name of a secret."""
    for match in _NAMED.finditer(text):
        assigned = match["between"].strip(" \t\"'”’,") != ""
        lead = _LEADING.match(text, match.end())
        start = lead.end() if lead else match.end()
        said = assigned or start > match.end()
        coded = _CODED.match(text, start)
        if coded and said and _is_coded(coded["secret"], assigned=assigned):
            end = coded.start("secret") + len(coded["secret"].rstrip(".,;:!?)"))
            yield _Hit(coded.start("secret"), end, "looks like a secret with its name")
            continue
        spoken = _SPOKEN.match(text, start)
        if spoken and said and not _WORDY.search(spoken["secret"]):
            yield _Hit(*spoken.span("secret"), "words that may be a passphrase")
    for match in _NON_LATIN.finditer(text):
        yield _Hit(*match.span("secret"), "looks like a secret with its name")


def _is_coded(value: str, *, assigned: bool) -> bool:
    value = value.rstrip(".,;:!?)")
    if len(value) < 4 or _PLACEHOLDER.search(value):
        return False
    digits = any(letter.isdigit() for letter in value)
    signs = any(not letter.isalnum() and letter not in "'’-" for letter in value)
    mixed = any(c.islower() for c in value) and any(c.isupper() for c in value[1:])
    if assigned:
        return digits or signs or mixed or (len(value) >= 8 and "-" in value)
    if value.isdigit():
        return 4 <= len(value) <= 10
    return (digits and (len(value) >= 6 and not value[:-2].isdigit())) or (mixed and signs)


def _random(text: str) -> Iterator[_Hit]:
    for match in _RANDOM.finditer(text):
        if _is_random(match["secret"]) and not any(decoded(match["secret"])):
            yield _Hit(*match.span(), "letters and figures at random, as in a key", "look")


def _is_random(token: str) -> bool:
    """Whether capitals, small letters and figures change places as often as by chance."""
    kinds = [
        "d" if c.isdigit() else "u" if c.isupper() else "l" if c.islower() else "-" for c in token
    ]
    if len(token) < 24 or kinds.count("d") < 2 or kinds.count("u") < 4 or kinds.count("l") < 4:
        return False
    changes = sum(1 for a, b in pairwise(kinds) if a != b)
    return changes >= 0.4 * len(token) and len(set(token)) >= 0.35 * min(len(token), 40)


def _disguised(text: str) -> Iterator[_Hit]:
    for found in pieces_joined(text):
        if _holds(found.words):
            yield _Hit(found.start, found.end, f"a key or token {found.how}")
        elif found.how == "spelled out" and re.search(rf"\b(?:{_KINDS}):?$", found.words, re.I):
            rest = re.match(
                r"[ \t]{0,3}[:=]?[ \t]{0,3}(\S{6,80})", text[found.end : found.end + 100]
            )
            if rest and _is_coded(rest[1], assigned=True):
                start = found.end + rest.start(1)
                yield _Hit(start, start + len(rest[1].rstrip(".,;")), "a secret with its name")
    for found in turned_round(text):
        if _VENDORS.search(found.words):
            yield _Hit(found.start, found.end, f"a key or token {found.how}")
    for found in decoded(text):
        if _holds(found.words) or _is_random(found.words):
            yield _Hit(found.start, found.end, f"a key or token {found.how}")


def _holds(words: str) -> bool:
    return bool(
        _VENDORS.search(words)
        or _BLOCK.search(words)
        or _IN_URL.search(words)
        or next(_named(words), None)
    )
