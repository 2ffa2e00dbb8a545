"""A package in one form: what stands in its bags beside the payload. Pure but for the ports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from configs.schema.preservation import Form
from tasks.kernel.labels import SIMULATED
from tasks.kernel.spool import Content, Spool
from tasks.ports.cipher import Cipher
from tasks.ports.manifest_signature import ManifestSigner
from tasks.preservation.manifest import (
    DECLARATION,
    DECLARATION_FILE,
    FETCH,
    INFO,
    MANIFEST,
    PAYLOAD,
    TAG_MANIFEST,
    manifest_lines,
    render_info,
    render_manifest,
)
from tasks.preservation.restore_guide import render_checksums, restore_guide
from tasks.preservation.stored_pieces import StoredPieces

DESCRIPTION = "metadata/"
GUIDE = "RESTORE.md"
CHECKSUMS = "restored-sha256.txt"
MODEL_SIGNATURE = DESCRIPTION + "model.sig"
BAG_SIGNATURE = DESCRIPTION + "bag.sig"
DESCRIPTION_SIGNATURE = DESCRIPTION + "description.sig"
PUBLIC_KEY = DESCRIPTION + "signing-key.pub.pem"
SEALED = ".age"


@dataclass(frozen=True, slots=True)
class BagTags:
    """Every file of a bag but its payload and its fetch.txt.

    Attributes:
        id: the edition's.
        form: how the payload stands.
        manifest: manifest-sha256.txt.
        tags: path -> content of the other tag files, but for the tag manifest.
        recipients: age public keys, sorted; empty for a form in plain.
    """

    id: str
    form: Form
    manifest: Content
    tags: Mapping[str, Content]
    recipients: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        form: Form,
        manifest: Content,
        tags: Mapping[str, Content],
        recipients: tuple[str, ...] = (),
    ) -> "BagTags":
        """A new edition: its id is the SHA-256 of its tag manifest, which tells of all of it."""
        made = cls("", form, manifest, tags, recipients)
        return cls(made.files()[TAG_MANIFEST].sha256, form, manifest, tags, recipients)

    def files(self, fetch: str = "") -> dict[str, Content]:
        """All tag files in the order they are written; the tag manifest last.

        Args:
            fetch: text of fetch.txt, for a bag of which another one holds a part.
        """
        files: dict[str, Content] = {**self.tags, MANIFEST: self.manifest}
        if fetch:
            files[FETCH] = Spool([fetch.encode()])
        digests = {path: content.sha256 for path, content in files.items()}
        return {**files, TAG_MANIFEST: Spool([render_manifest(digests)])}

    def description(self) -> dict[str, Content]:
        """What stands under metadata/ in plain, signatures and keys aside: by path there."""
        own = (MODEL_SIGNATURE, BAG_SIGNATURE, DESCRIPTION_SIGNATURE, PUBLIC_KEY)
        return {
            path.removeprefix(DESCRIPTION): content
            for path, content in self.tags.items()
            if path.startswith(DESCRIPTION) and path not in own and self.form is not Form.AGE
        }


@dataclass(frozen=True, slots=True)
class About:
    """What a bag tells of itself.

    Attributes:
        bag: its name.
        model_id: the model's id.
        display_name: its name for people.
        package_id: see `packaging.package_id`.
        made_on: day of bagging.
        version: of Emeritus.
        simulated: whether a simulation made what is kept.
    """

    bag: str
    model_id: str
    display_name: str
    package_id: str
    made_on: date
    version: str
    simulated: bool


def make_tags(
    form: Form,
    about: About,
    *,
    stored: StoredPieces,
    plain: Mapping[str, str],
    description: Mapping[str, Content],
    signature: Content,
    signer: ManifestSigner,
    cipher: Cipher | None,
    fetch: bool,
) -> BagTags:
    """All tag files of a package in one form.

    Args:
        form: how the payload stands.
        about: for bag-info.txt and the guide.
        stored: the payload's files in the bag, sorted by path.
        plain: path in the source -> SHA-256, as `sha256sum` finds them after a restore.
        description: path under metadata/ -> content.
        signature: OpenSSF signature over `plain`.
        signer: signs the description, and what is stored, where that is not `plain`.
        cipher: encrypts the description, for the form `age`.
        fetch: whether some bag of this edition comes with a fetch.txt.
    """
    recipients = tuple(cipher.recipients) if form is Form.AGE and cipher else ()
    guide = restore_guide(
        form=form,
        bag=about.bag,
        model_id=about.model_id,
        display_name=about.display_name,
        recipients=recipients,
        fetch=fetch,
        simulated=about.simulated,
    )
    private = {DESCRIPTION + path: content for path, content in description.items()}
    private[MODEL_SIGNATURE] = signature
    private[DESCRIPTION_SIGNATURE] = signer.sign(
        f"description of {about.model_id}",
        lambda: sorted((path, content.sha256) for path, content in description.items()),
    )
    clear: dict[str, Content] = {PUBLIC_KEY: Spool([signer.public_key.encode()])}
    if form is not Form.FILES:
        private[CHECKSUMS] = Spool([render_checksums(plain)])
        clear[BAG_SIGNATURE] = signer.sign(
            about.bag,
            lambda: ((one.path.removeprefix(PAYLOAD), one.sha256) for one in stored),
        )
    if form is Form.AGE:
        assert cipher is not None, "the configuration has recipients"
        private = {path + SEALED: cipher.encrypt(content) for path, content in private.items()}
    tags: dict[str, Content] = {
        DECLARATION_FILE: Spool([DECLARATION]),
        INFO: Spool([_info(form, about, stored, recipients)]),
        GUIDE: Spool([guide]),
        **dict(sorted({**private, **clear}.items())),
    }
    manifest = Spool(manifest_lines((piece.path, piece.sha256) for piece in stored))
    return BagTags.of(form, manifest, tags, recipients)


def _info(form: Form, about: About, stored: StoredPieces, recipients: Sequence[str]) -> bytes:
    how = {
        Form.FILES: "the files as they were",
        Form.PIECES: "in pieces; RESTORE.md tells how to join them",
        Form.AGE: "in pieces, each encrypted in the age format; RESTORE.md tells how to open them",
    }
    return render_info(
        {
            "Source-Organization": "Emeritus",
            "External-Description": f"{about.display_name}: the model and all that is needed to "
            "run and understand it",
            "External-Identifier": about.model_id,
            "Bagging-Date": about.made_on.isoformat(),
            "Payload-Oxum": f"{sum(p.size for p in stored)}.{len(stored)}",
            "Bag-Software-Agent": f"Emeritus {about.version}",
            "Emeritus-Package": about.package_id,
            "Emeritus-Payload": how[form],
            "Emeritus-Recipients": " ".join(recipients),
            "Emeritus-Note": f"{SIMULATED}: this is not a real model" if about.simulated else "",
        }
    )
