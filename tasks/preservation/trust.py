"""Whether what the records say of a package is what was signed. Before anything is made from it."""

from collections.abc import Iterator
from functools import partial

from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from configs.schema.preservation import Form
from tasks import wiring
from tasks.kernel.digests import sha256_hex
from tasks.kernel.errors import ManifestSignatureRefused
from tasks.kernel.spool import Spool, whole
from tasks.preservation.edition import BAG_SIGNATURE, PUBLIC_KEY, BagTags
from tasks.preservation.edition_rows import tags_in
from tasks.preservation.manifest import parse_payload, payload_entries
from tasks.preservation.packaging import package_id
from tasks.records import audit
from tasks.records.preservation import Edition, Package


def verify_signature(package: Package) -> None:
    """Check what is recorded of a package, and of each form that it was made in.

    A manifest in the records decides which of two replicas is the damaged one. So each is held
    against what can't be changed with it: the package's id and signature, the edition's id (a
    digest of all its tag files) and signature, and what the audit chain tells of these rows.

    Raises:
        ManifestSignatureRefused: it is not what was signed; nothing may be made or mended from it.
    """
    with wiring.book().reading() as session:
        problem = next(_problems(session, package), "")
    if problem:
        raise ManifestSignatureRefused(
            f"package {package.id[:12]}: {problem}; nothing is made from it; "
            "`emeritus audit verify` tells which rows were changed; restore the records from a "
            "backup, or the model by hand, as RESTORE.md in each bag tells"
        )


def altered_editions() -> tuple[str, ...]:
    """Of all models: whose tag files in the records are not those of the edition's id.

    Their rows stand in no audit entry of their own; the edition's does, and tells of all of them.
    """
    with wiring.book().reading() as session:
        try:
            keys = session.exec(select(Edition.id, Edition.model_id).order_by(col(Edition.id)))
            editions = keys.all()
        except (DBAPIError, ValueError, TypeError):
            session.rollback()
            return ("no package's tag files can be checked: the table edition can't be read",)
        return tuple(
            f"the tag files of edition {str(edition_id)[:12]} of {model_id!r} are not those that "
            "were recorded with it"
            for edition_id, model_id in editions
            if _tags_of_its_id(session, edition_id) is None
        )


def _problems(session: Session, package: Package) -> Iterator[str]:
    older = sha256_hex(package.manifest.encode())  # until two models could hold the same files
    if package.id not in {package_id(package.model_id, package.manifest), older}:
        yield "the recorded manifest is not that of its id"
    if package.signature:
        verifier = wiring.verifier(package.public_key)
        signature, payload = Spool([package.signature.encode()]), parse_payload(package.manifest)
        if not verifier.signs(signature, lambda: sorted(payload.items())):
            yield "the recorded manifest is not the one that was signed"
    elif not package.bag_info:  # packed before packages were signed, if there is
        yield "its recorded signature is gone"
    editions = select(Edition.id).where(Edition.package_id == package.id)
    for edition_id in session.exec(editions).all():
        problem = _problem_of_edition(_tags_of_its_id(session, edition_id), package)
        if problem:
            yield f"of edition {edition_id[:12]} {problem}"
    yield from audit.changed_rows(session, (Package, Edition), package.model_id)


def _problem_of_edition(tags: BagTags | None, package: Package) -> str:
    if tags is None:
        return "a recorded manifest or tag file is not that of the edition's id"
    if tags.form is Form.FILES:
        same = tags.manifest.sha256 == sha256_hex(package.manifest.encode())
        return "" if same else "the manifest is another one"
    if BAG_SIGNATURE not in tags.tags:
        return "the signature is gone"
    key = whole(tags.tags[PUBLIC_KEY]).decode() if PUBLIC_KEY in tags.tags else ""
    verifier = wiring.verifier(key)
    if not verifier.signs(tags.tags[BAG_SIGNATURE], partial(payload_entries, tags.manifest)):
        return "the recorded manifest is not the one that was signed"
    return ""


def _tags_of_its_id(session: Session, edition_id: str) -> BagTags | None:
    """What stands beside an edition's payload; None where that is not what its id is a digest of,
    or can't be read, since nobody of us wrote it."""
    try:
        tags = tags_in(session, session.get_one(Edition, edition_id))
        same = BagTags.of(tags.form, tags.manifest, tags.tags, tags.recipients).id == edition_id
    except DBAPIError:
        session.rollback()
        return None
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    return tags if same else None
