"""Signatures over digests; the official `model_signing` program is the judge."""

import hashlib
import json
import multiprocessing
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from tasks.adapters.model_signature import EcModelSigner, EcModelVerifier, make_key_if_missing
from tasks.kernel.errors import ManifestSignatureRefused
from tasks.kernel.spool import Spool, whole

OFFICIAL = [str(Path(sys.executable).with_name("model_signing"))]

FILES = {
    "config.json": b"{}",
    "a b/per%cent %25.txt": b"1",
    "Gewichte/日本 é.safetensors": b"2",
    "empty": b"",
    "-rf": b"3",
    'quote\'s "and" $HOME': b"4",
    "back\\slash": b"5",
    "sub/.gitattributes": b"6",
    ".gitattributes": b"7",
    ".github/workflows/x.yml": b"8",
    ".gitignored": b"9",
}


@pytest.fixture
def key(tmp_path: Path) -> Path:
    file = tmp_path / "keys" / "key.pem"
    make_key_if_missing(file)
    return file


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    for path, data in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def _digests(files: dict[str, bytes] = FILES) -> dict[str, str]:
    return {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}


def _official(
    model: Path, signature: bytes, public_key: str, *options: str
) -> "subprocess.CompletedProcess[str]":
    """What `model_signing verify key` says."""
    signature_file, key_file = model.parent / "model.sig", model.parent / "key.pub.pem"
    signature_file.write_bytes(signature)
    key_file.write_text(public_key)
    files = ["--signature", str(signature_file), "--public_key", str(key_file)]
    return subprocess.run(
        [*OFFICIAL, "verify", "key", str(model), *files, *options],
        capture_output=True,
        text=True,
        check=False,
    )


def _write(file: Path, private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> Path:
    encryption = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    file.touch(mode=0o600)
    file.write_bytes(private.private_bytes(serialization.Encoding.PEM, form, encryption))
    return file


@pytest.mark.parametrize("options", [[], ["--no-ignore-git-paths"]], ids=["default", "strict"])
def test_the_official_program_accepts(key: Path, model: Path, options: list[str]) -> None:
    signer = EcModelSigner(key)
    said = _official(model, _signed(signer, "model", _digests()), signer.public_key, *options)
    assert said.returncode == 0, said.stderr


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP521R1()], ids=lambda c: c.name)
def test_larger_curves_sign_too(tmp_path: Path, model: Path, curve: ec.EllipticCurve) -> None:
    signer = EcModelSigner(_write(tmp_path / "large.pem", ec.generate_private_key(curve)))
    signature = _signed(signer, "model", _digests())
    assert _signs(EcModelVerifier(signer.public_key), signature, _digests())
    assert _official(model, signature, signer.public_key).returncode == 0


def _signed(signer: EcModelSigner, name: str, digests: dict[str, str]) -> bytes:
    return whole(signer.sign(name, lambda: sorted(digests.items())))


def _signs(verifier: EcModelVerifier, signature: bytes, digests: dict[str, str]) -> bool:
    return verifier.signs(Spool([signature]), lambda: sorted(digests.items()))


def _change(model: Path) -> None:
    (model / "config.json").write_bytes(b"{]")


def _add(model: Path) -> None:
    (model / "added").touch()


def _remove(model: Path) -> None:
    (model / "empty").unlink()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [(_change, "Hash mismatch"), (_add, "Extra files"), (_remove, "Missing files")],
)
def test_the_official_program_rejects_another_folder(
    key: Path, model: Path, damage: Callable[[Path], None], reason: str
) -> None:
    signer = EcModelSigner(key)
    signature = _signed(signer, "model", _digests())
    damage(model)
    said = _official(model, signature, signer.public_key)
    assert said.returncode != 0
    assert reason in said.stderr


def test_the_official_program_rejects_another_key(key: Path, model: Path, tmp_path: Path) -> None:
    make_key_if_missing(tmp_path / "other.pem")
    other = EcModelSigner(tmp_path / "other.pem")
    said = _official(model, _signed(EcModelSigner(key), "model", _digests()), other.public_key)
    assert said.returncode != 0
    assert "Key mismatch" in said.stderr


def test_git_files_are_left_out_only_where_there_are_any(key: Path, model: Path) -> None:
    """A file slipped in under such a name is found by the official program's strict check."""
    for path in (".gitattributes", ".github/workflows/x.yml"):
        (model / path).unlink()
    files = {path: data for path, data in FILES.items() if (model / path).exists()}
    signer = EcModelSigner(key)
    signature = _signed(signer, "model", _digests(files))
    (model / ".gitattributes").touch()
    strict = _official(model, signature, signer.public_key, "--no-ignore-git-paths")
    assert "Extra files" in strict.stderr


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> EcModelSigner:
    file = tmp_path_factory.mktemp("keys") / "key.pem"
    make_key_if_missing(file)
    return EcModelSigner(file)


_NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1, max_size=9
).filter(lambda name: name not in {".", ".."})
_PATHS = st.lists(_NAMES | st.sampled_from([".git", ".gitattributes"]), min_size=1, max_size=3)


_FILES = st.dictionaries(
    _PATHS.map("/".join), st.binary(max_size=3).map(lambda b: hashlib.sha256(b).hexdigest())
)


@given(_FILES, _FILES, st.integers(1, 99))
def test_exactly_what_was_signed_is_accepted(
    signer: EcModelSigner, digests: dict[str, str], others: dict[str, str], part: int
) -> None:
    signature = _signed(signer, "any name", digests)
    assert json.loads(signature)
    verifier = EcModelVerifier(signer.public_key)
    parts = (signature[at : at + part] for at in range(0, len(signature), part))
    assert verifier.signs(Spool(parts), lambda: sorted(digests.items()))
    assert _signs(verifier, signature, others) == (digests == others)


def test_a_list_longer_than_what_is_read_at_once(signer: EcModelSigner, model: Path) -> None:
    digests = {f"{number:07}": hashlib.sha256(b"%d" % number).hexdigest() for number in range(9000)}
    signature = _signed(signer, "m", digests)
    assert len(signature) > 1 << 20
    verifier = EcModelVerifier(signer.public_key)
    assert _signs(verifier, signature, digests)
    digests["0008999"] = "0" * 64
    assert not _signs(verifier, signature, digests)
    middle = len(signature) // 2
    flipped = bytes([signature[middle] ^ 1])
    with pytest.raises(ManifestSignatureRefused):
        _signs(verifier, signature[:middle] + flipped + signature[middle + 1 :], digests)


def test_a_payload_that_stands_twice_is_refused(signer: EcModelSigner) -> None:
    """Another reader might take the other one."""
    signature = _signed(signer, "m", _digests())
    decoy = signature.replace(b'{"mediaType"', b'{"payload": "e30=", "mediaType"', 1)
    with pytest.raises(ManifestSignatureRefused, match="no signature"):
        _signs(EcModelVerifier(signer.public_key), decoy, _digests())


def test_the_fingerprint_is_that_of_the_public_keys_file(
    signer: EcModelSigner, tmp_path: Path
) -> None:
    file = tmp_path / "key.pub.pem"
    file.write_text(signer.public_key)
    run = subprocess.run(["sha256sum", str(file)], capture_output=True, text=True, check=True)
    assert run.stdout.split()[0] == signer.fingerprint


def test_a_signature_by_another_key_is_refused(signer: EcModelSigner, key: Path) -> None:
    other = EcModelSigner(key)
    with pytest.raises(ManifestSignatureRefused, match=f"{other.fingerprint}.*find out who"):
        _signs(EcModelVerifier(signer.public_key), _signed(other, "m", _digests()), _digests())


def _bundle(signature: bytes) -> dict[str, dict[str, dict[str, str]]]:
    return dict(json.loads(signature))


def test_an_altered_list_is_refused(signer: EcModelSigner) -> None:
    bundle = _bundle(_signed(signer, "m", _digests()))
    envelope: dict[str, str] = bundle["dsseEnvelope"]  # type: ignore[assignment]
    payload = b64decode(envelope["payload"]).replace(b"config.json", b"konfig.json")
    envelope["payload"] = b64encode(payload).decode()
    with pytest.raises(ManifestSignatureRefused, match="was altered"):
        _signs(EcModelVerifier(signer.public_key), json.dumps(bundle).encode(), _digests())


def test_a_signature_without_its_keys_hint_is_refused(signer: EcModelSigner) -> None:
    bundle = _bundle(_signed(signer, "m", _digests()))
    bundle["verificationMaterial"]["publicKey"] = {"hint": "x"}
    with pytest.raises(ManifestSignatureRefused, match="by another key"):
        _signs(EcModelVerifier(signer.public_key), json.dumps(bundle).encode(), _digests())


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[]", b"null", b"\xff", b"-----BEGIN", b"[" * 100_000]
)
def test_what_is_no_signature_is_refused(signer: EcModelSigner, text: bytes) -> None:
    with pytest.raises(ManifestSignatureRefused, match="no signature"):
        _signs(EcModelVerifier(signer.public_key), text, _digests())


def _without_signatures(envelope: dict[str, object]) -> None:
    envelope["signatures"] = []


def _signed_twice(envelope: dict[str, object]) -> None:
    envelope["signatures"] = [*envelope["signatures"], *envelope["signatures"]]  # type: ignore[misc]


def _of_another_type(envelope: dict[str, object]) -> None:
    envelope["payloadType"] = "text/plain"


def _with_noise(envelope: dict[str, object]) -> None:
    envelope["payload"] = f"{envelope['payload']}!"


@pytest.mark.parametrize(
    "spoil", [_without_signatures, _signed_twice, _of_another_type, _with_noise]
)
def test_an_envelope_that_the_format_does_not_know_is_refused(
    signer: EcModelSigner, spoil: Callable[[dict[str, object]], None]
) -> None:
    bundle = _bundle(_signed(signer, "m", _digests()))
    spoil(bundle["dsseEnvelope"])  # type: ignore[arg-type]
    with pytest.raises(ManifestSignatureRefused):
        _signs(EcModelVerifier(signer.public_key), json.dumps(bundle).encode(), _digests())


def _sign_officially(model: Path, key: Path, algorithm: Literal["sha256", "blake3"]) -> bytes:
    import model_signing

    signing = model_signing.signing.Config().use_elliptic_key_signer(private_key=key)
    hashing = model_signing.hashing.Config().use_file_serialization(hashing_algorithm=algorithm)
    signing.set_hashing_config(hashing).sign(model, model.parent / "official.sig")
    return (model.parent / "official.sig").read_bytes()


def test_what_the_official_program_signs_reads_the_same(key: Path, model: Path) -> None:
    verifier = EcModelVerifier(EcModelSigner(key).public_key)
    signature = _sign_officially(model, key, "sha256")
    git = {".gitattributes", ".github/workflows/x.yml"}
    listed = {path: digest for path, digest in _digests().items() if path not in git}
    assert _signs(verifier, signature, listed)
    assert not _signs(verifier, signature, _digests())


def test_a_signature_over_other_digests_is_refused(key: Path, model: Path) -> None:
    """They could not be compared with a manifest."""
    verifier = EcModelVerifier(EcModelSigner(key).public_key)
    with pytest.raises(ManifestSignatureRefused, match="whole files"):
        _signs(verifier, _sign_officially(model, key, "blake3"), _digests())


def test_a_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "new" / "key.pem"
    assert make_key_if_missing(file)
    first = file.read_bytes()
    assert not make_key_if_missing(file)
    assert file.read_bytes() == first
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [entry.name for entry in file.parent.iterdir()] == ["key.pem"]


def test_makers_in_a_race_agree_on_one_key(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "key.pem"
    with multiprocessing.get_context("fork").Pool(4) as pool:
        made = pool.map(make_key_if_missing, [file] * 16, chunksize=1)
    assert made.count(True) == 1
    assert [entry.name for entry in file.parent.iterdir()] == ["key.pem"]


def test_a_key_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ManifestSignatureRefused, match="no signing key can be made there"):
        make_key_if_missing(tmp_path / "file" / "sub" / "key.pem")


def _missing(file: Path) -> None:
    file.unlink()


def _for_everybody(file: Path) -> None:
    file.chmod(0o640)


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _garbage(file: Path) -> None:
    file.write_text("nothing")


def _rsa(file: Path) -> None:
    _write(file, rsa.generate_private_key(65537, 2048))


def _bitcoins(file: Path) -> None:
    _write(file, ec.generate_private_key(ec.SECP256K1()))


def _passphrase(file: Path) -> None:
    private = serialization.load_pem_private_key(file.read_bytes(), None)
    file.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (_missing, "there is no signing key; set preservation.signing_key_file"),
        (_for_everybody, "others than its owner.*chmod 600"),
        (_folder, "is no file"),
        (_garbage, "no private key in PEM"),
        (_rsa, "no EC key on P-256, P-384, P-521"),
        (_bitcoins, "no EC key on P-256, P-384, P-521"),
        (_passphrase, "protected by a passphrase"),
    ],
)
def test_a_key_that_cannot_sign_is_one_sentence(
    key: Path, spoil: Callable[[Path], None], sentence: str
) -> None:
    spoil(key)
    with pytest.raises(ManifestSignatureRefused, match=sentence) as refusal:
        EcModelSigner(key)
    assert str(key) in str(refusal.value)


@pytest.mark.parametrize("text", ["", "nothing", "-----BEGIN PUBLIC KEY-----\n"])
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(ManifestSignatureRefused, match="no public EC key"):
        EcModelVerifier(text)
