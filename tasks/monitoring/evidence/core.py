"""What an evidence package holds, file by file. Pure.

VERIFY.md                    what to run, in order, and what it proves
SHA256SUMS                   of every other file
dossier.html                 the page
people/allowed_signers       who may sign, with their public keys, as in force
signatures/NNN-ACT.json      what a person signed, byte for byte; .sig the SSH signature
packets/DIGEST.json          decision packets, canonical JSON, named by their SHA-256
designs/DIGEST.json          interview designs, follow-ups: what was asked, with its hashes
closing/DIGEST.json          the checklist as it was signed
verdicts/THEME.json          the evidence of each verdict
packages/ID/...              manifest, signature, public key; never weights
essays/SLOT/...              published bytes with their proof
audit/chain.jsonl, head      the audit chain, whole
rows/TABLE.jsonl             the model's rows, as the chain tells of them
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tasks.kernel.digests import sha256_hex
from tasks.kernel.errors import EvidenceRefused

SUMS = "SHA256SUMS"
VERIFY = "VERIFY.md"
SCRIPT = "verify.sh"
_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/-]*")
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """One person's signature.

    Attributes:
        act: short and stable, such as `access`; part of the file's name.
        about: what was decided, for people.
        person: who signed.
        namespace: of the signature.
        statement: the bytes that were signed; None where the records don't hold all of them.
        signature: armoured SSH signature.
        at: our clock's time of receipt, at which the key had to be valid.
        names: files whose SHA-256 the statement names, as (path, digest).
    """

    act: str
    about: str
    person: str
    namespace: str
    statement: bytes | None
    signature: str
    at: datetime
    names: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """A signed statement with the path that it has in the package, without its ending."""

    path: str
    signed: SignedStatement


@dataclass(frozen=True, slots=True)
class PackedPackage:
    """What proves a preserved package without its payload.

    Attributes:
        id: SHA-256 of its manifest.
        manifest: as `manifest-sha256.txt` tells it.
        signature: OpenSSF model signature, a JSON text; empty without one.
        public_key: PEM; empty without one.
        signed: the exact bytes under the signature, and the signature in DER; None where they
            can't be read out.
        hash_name: as `openssl dgst` names it, such as `sha256`.
    """

    id: str
    manifest: str
    signature: str
    public_key: str
    signed: tuple[bytes, bytes] | None
    hash_name: str


def placed(signed: Sequence[SignedStatement]) -> tuple[Placed, ...]:
    """Numbered by the order of receipt, so that the same acts have the same names."""
    ordered = sorted(signed, key=lambda one: (one.at, one.act, one.person, one.about))
    return tuple(
        Placed(f"signatures/{number:03d}-{one.act}", one)
        for number, one in enumerate(ordered, start=1)
    )


def signature_files(signed: Sequence[Placed]) -> dict[str, bytes]:
    """Statements and signatures; a statement that is not known leaves its signature alone."""
    files: dict[str, bytes] = {}
    for one in signed:
        files[f"{one.path}.json.sig"] = one.signed.signature.encode()
        if one.signed.statement is not None:
            files[f"{one.path}.json"] = one.signed.statement
    return files


def package_files(packages: Sequence[PackedPackage]) -> dict[str, bytes]:
    """Manifest, signature and public key of each package."""
    files: dict[str, bytes] = {}
    for one in packages:
        folder = f"packages/{one.id}"
        files[f"{folder}/manifest-sha256.txt"] = one.manifest.encode()
        if one.signature:
            files[f"{folder}/model.sig"] = one.signature.encode()
            files[f"{folder}/signing-key.pub.pem"] = one.public_key.encode()
        if one.signed is not None:
            files[f"{folder}/signed-payload.bin"], files[f"{folder}/signature.der"] = one.signed
    return files


def with_sums(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """All files, and `SHA256SUMS` over them, as `sha256sum -c` reads it.

    Raises:
        EvidenceRefused: a path that could lead out of the folder, or that a shell or `sha256sum`
            would read otherwise: a row was changed behind our back.
    """
    for path in files:
        if not _PATH.fullmatch(path) or ".." in path:
            raise EvidenceRefused(
                f"{path!r} would be the name of a file, and a row behind it was changed; run "
                "`emeritus audit verify`, and restore the row"
            )
    sums = "".join(f"{sha256_hex(files[path])}  {path}\n" for path in sorted(files))
    return {**files, SUMS: sums.encode()}


def blocks_of(told: str) -> tuple[str, ...]:
    """The commands of a `VERIFY.md`, a block each."""
    return tuple(_BLOCK.findall(told))


def script_of(told: str) -> str:
    """The same commands as one script, which stops at the first that fails."""
    head = f"#!/bin/bash\n# The blocks of {VERIFY}, in order.\nset -euo pipefail\n\n"
    return head + "\n".join(blocks_of(told)) + "echo holds\n"
