"""Packages, the forms they stand in, their replicas, what happened to them, and unfinished ones."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import LargeBinary
from sqlmodel import Field

from tasks.records.columns import Row, instant_field, text_field


class Package(Row, table=True):
    """An archival information package (AIP): one payload, whatever number of replicas."""

    __tablename__ = "package"
    added_later: ClassVar[tuple[str, ...]] = ("bag", "sizes", "signature", "public_key")

    id: str = Field(primary_key=True)  # see preservation.packaging.package_id
    model_id: str = Field(index=True)
    manifest: str = text_field()  # of the payload in plain, as manifest-sha256.txt tells it
    bag_info: str = text_field(default="")  # of packages made before editions were kept
    files: int
    bytes: int
    source_folder: str
    created_at: datetime = instant_field()
    bag: str = text_field(default="")  # its name in every archive
    sizes: str = text_field(default="")  # JSON: path in the source -> bytes
    signature: str = text_field(default="")  # OpenSSF model signature of the payload in plain
    public_key: str = text_field(default="")  # PEM; what verifies it


class Edition(Row, table=True):
    """A package in one form: every byte of a bag but its payload and its fetch.txt."""

    __tablename__ = "edition"

    id: str = Field(primary_key=True)  # SHA-256 of its tag manifest
    package_id: str = Field(index=True)
    model_id: str = Field(index=True)
    form: str  # files | pieces | age
    recipients: str = text_field(default="")  # age public keys, space-separated, sorted
    # of editions made before there was EditionFile; else empty, and `{}`
    manifest: str = text_field()  # manifest-sha256.txt as it stands in the bag
    tags: str = text_field()  # JSON: path -> base64
    made_at: datetime = instant_field()


class EditionFile(Row, table=True):
    """A part of a tag file of an edition; its tag manifest aside. In parts, since one may have tens
    of megabytes. The edition's id, which is audited, is a digest of all of them.
    """

    __tablename__ = "edition_file"

    edition_id: str = Field(primary_key=True)
    path: str = Field(primary_key=True)  # in the bag
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})  # of the part
    data: bytes = Field(sa_type=LargeBinary)


class Piece(Row, table=True):
    """A stored piece of an edition, by what it holds in plain: for sharing, never for proof."""

    __tablename__ = "piece"

    edition_id: str = Field(primary_key=True)
    path: str = Field(primary_key=True)  # in the bag
    blake3: str = Field(index=True)  # of the piece in plain
    sha256: str  # as stored
    bytes: int  # as stored
    origin_bag: str = ""  # where the bytes stand, when another bag holds them
    origin_path: str = ""


class Replica(Row, table=True):
    """One whole copy of a package. `verified` only after a full read-back hash."""

    __tablename__ = "replica"
    added_later: ClassVar[tuple[str, ...]] = ("edition_id", "bag", "fetch", "sampled_at")

    package_id: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    location: str
    state: str  # verified | damaged
    stamp: str = text_field()  # sizes and times seen at the last read-back
    verified_at: datetime = instant_field()  # end of the last full read-back
    problem: str = text_field(default="")
    edition_id: str = text_field(default="")
    bag: str = text_field(default="")  # its name there; empty for the package's
    fetch: str = text_field(default="")  # its fetch.txt: what other bags hold of it
    sampled_at: datetime | None = instant_field(default=None)  # end of the last sampled read-back


class PreservationEvent(Row, table=True):
    """What happened to a package or a replica, in the terms of PREMIS 3."""

    __tablename__ = "preservation_event"

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    package_id: str = Field(index=True)
    replica: str = ""  # empty for the whole package
    kind: str  # PREMIS event type: ingestion, fixity check, replication, ...
    outcome: str  # success | failure | warning
    detail: str = text_field(default="")
    agent: str  # program and version, or a person's name
    at: datetime = instant_field()


class GoldenAnswer(Row, table=True):
    """One answer to a golden prompt, as it came; frozen with the package."""

    __tablename__ = "golden_answer"

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    prompts_sha256: str = Field(index=True)  # of the prompts that were asked, as a set
    prompt: str  # its id
    sample: int
    outcome: str  # asked (no answer yet) | answered | refused | empty | truncated | failed
    text: str = text_field(default="")
    request_id: str = ""
    served_model: str = ""
    stop_reason: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    raw: str = text_field(default="")
    raw_sha256: str = ""
    simulated: bool = False
    tries: int = 1
    asked_at: datetime = instant_field()


class Unfinished(Row, table=True):
    """A package that is being made: what a next pass needs to go on with it. Bookkeeping."""

    __tablename__ = "unfinished_package"

    model_id: str = Field(primary_key=True)
    bag: str
    terms: str = text_field()  # JSON: what must be the same for a pass to go on
    sealed: str = text_field(default="")  # JSON: what is left to commit, once all was read
    started_at: datetime = instant_field()


class JournalEntry(Row, table=True):
    """A piece or a file of an unfinished package that every replica holds. Bookkeeping."""

    __tablename__ = "journal_entry"

    model_id: str = Field(primary_key=True)
    path: str = Field(primary_key=True)  # in the source
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})  # -1: file
    body: str = text_field()  # JSON
