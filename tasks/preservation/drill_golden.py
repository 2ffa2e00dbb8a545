"""What a drill compares with: the golden prompts and outputs that the package keeps.

Not the configured file: an edit of that after packaging would make another outcome of a drill.
"""

import json
from dataclasses import dataclass

from sqlmodel import Session, col, select

from configs.load import load_golden_prompts
from configs.schema import RetirementConfig
from configs.schema.golden import GoldenPrompts, GoldenPromptsConfig, RecordedOutputs
from tasks import wiring
from tasks.kernel.digests import canonical_json, sha256_hex
from tasks.kernel.errors import ConfigError, DecryptionRefused, DrillFailed
from tasks.kernel.spool import whole
from tasks.ports.recorded_prompts import ASKED
from tasks.preservation.described import ANSWERS, PROMPTS, RECORDED, golden_path
from tasks.preservation.edition import DESCRIPTION, SEALED, BagTags
from tasks.preservation.edition_rows import tags_in
from tasks.preservation.golden import freeze
from tasks.preservation.manifest import parse_payload
from tasks.preservation.trust import verify_signature
from tasks.preservation.workshop import BEHAVIOUR
from tasks.records.preservation import Edition, GoldenAnswer, Package


@dataclass(frozen=True, slots=True)
class Kept:
    """What was frozen with the package.

    Attributes:
        golden: the prompts by id, and the outputs that were recorded for them.
        digest: of the prompts as a set; the answers given before packaging stand under it.
        file_changed: whether the configured file says something else now, or can't be used.
    """

    golden: GoldenPrompts
    digest: str
    file_changed: bool = False


def kept_golden(
    config: RetirementConfig, configured: GoldenPromptsConfig, package: Package
) -> Kept:
    """Read what was frozen: in the records, where each bag's tag files stand too.

    Those of encrypted bags are opened with `preservation.identity_file`. Without a key the
    configured file serves, but only where the records show that it is what was frozen.

    Raises:
        DrillFailed: the package keeps none, or what it keeps can't be had.
        ManifestSignatureRefused: the records don't agree with what was signed.
        ConfigError: the configured file is needed, and can't be used.
    """
    verify_signature(package)
    with wiring.book().reading() as session:
        editions = _editions(session, package)
    sealed: list[BagTags] = []
    why = ""
    for tags in editions:
        try:
            files = _frozen(config, tags)
        except DecryptionRefused as error:
            sealed.append(tags)
            why = why or str(error)
            continue
        if files:
            return _read(config, configured, files)
    if not sealed:
        raise DrillFailed(
            f"{config.id}: its package keeps no golden prompts, so there is nothing to compare "
            "with: preservation.golden_prompts was not configured when it was made"
        )
    today = Kept(*load_golden_prompts(configured))
    if not _is_what_was_frozen(config, package, sealed[0], today):
        raise DrillFailed(
            f"{config.id}: the golden prompts that its package keeps are encrypted ({why}), and "
            f"the records don't show that {configured.prompts_file} still says the same; name a "
            "key in preservation.identity_file"
        )
    return today


def _editions(session: Session, package: Package) -> list[BagTags]:
    """The oldest first, since a later one may be described anew; in plain first in each pass."""
    rows = session.exec(
        select(Edition)
        .where(Edition.package_id == package.id)
        .order_by(col(Edition.made_at), col(Edition.form) == "age")
    )
    return [tags_in(session, row) for row in rows]


def _frozen(config: RetirementConfig, tags: BagTags) -> dict[str, bytes]:
    """The files of prompts and outputs, by name. Raises `DecryptionRefused`."""
    files = {}
    for name in (PROMPTS, RECORDED):
        path = DESCRIPTION + golden_path(name)
        if path in tags.tags:
            files[name] = whole(tags.tags[path])
        elif path + SEALED in tags.tags:
            decipher = wiring.decipher(config.preservation)
            if decipher is None:
                raise DecryptionRefused("no key stands here")
            files[name] = bytes(decipher.decrypt(whole(tags.tags[path + SEALED])))
    return files


def _read(
    config: RetirementConfig, configured: GoldenPromptsConfig, files: dict[str, bytes]
) -> Kept:
    try:
        golden = GoldenPrompts.model_validate_json(files[PROMPTS])
        if RECORDED in files:
            recorded = RecordedOutputs.model_validate_json(files[RECORDED])
            golden = golden.model_copy(update={"recorded": recorded})
    except (KeyError, ValueError) as error:
        raise DrillFailed(
            f"{config.id}: this version of Emeritus can't read the golden prompts that its package "
            f"keeps ({type(error).__name__}); hold the drill with the version that made it"
        ) from None
    # as they stand, not as they were parsed: a later version may know more fields
    digest = sha256_hex(canonical_json(json.loads(files[PROMPTS])["prompts"]))
    try:
        today, _ = load_golden_prompts(configured)
    except ConfigError:
        return Kept(golden, digest, file_changed=True)
    return Kept(golden, digest, file_changed=_files(today) != _files(golden))


def _files(golden: GoldenPrompts) -> dict[str, bytes]:
    return freeze(golden, (), prompts_sha256="", captures=())


def _is_what_was_frozen(
    config: RetirementConfig, package: Package, sealed: BagTags, today: Kept
) -> bool:
    """Whether the records show, without a key, that these are the prompts of the package."""
    if config.preservation.source_folder is None:  # they are the payload, and it is signed
        payload = parse_payload(package.manifest)
        now = {name: sha256_hex(data) for name, data in _files(today.golden).items()}
        return all(payload.get(BEHAVIOUR + n, "") == now.get(n, "") for n in (PROMPTS, RECORDED))
    answers, recorded = (DESCRIPTION + golden_path(n) + SEALED for n in (ANSWERS, RECORDED))
    if today.golden.recorded is not None or recorded in sealed.tags or answers not in sealed.tags:
        return False  # nothing tells which outputs, or which prompts
    return _answered(config.id) == [today.digest]


def _answered(model_id: str) -> list[str]:
    """The sets of prompts that were ever answered; if it is one, it is what was frozen."""
    query = select(GoldenAnswer.prompts_sha256).where(
        GoldenAnswer.model_id == model_id, GoldenAnswer.outcome != ASKED
    )
    with wiring.book().reading() as session:
        return list(session.exec(query.distinct()))
