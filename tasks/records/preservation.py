"""Packages and their replicas."""

from datetime import datetime

from sqlmodel import Field

from tasks.records.columns import Row, instant_field, text_field


class Package(Row, table=True):
    """An archival information package (AIP): one bag's manifest, whatever number of replicas."""

    __tablename__ = "package"

    id: str = Field(primary_key=True)  # SHA-256 of manifest-sha256.txt
    model_id: str = Field(index=True)
    manifest: str = text_field()
    bag_info: str = text_field(default="")  # with the manifest, every tag file follows from it
    files: int
    bytes: int
    source_folder: str
    created_at: datetime = instant_field()


class Replica(Row, table=True):
    """One whole copy of a package. `verified` only after a full read-back hash."""

    __tablename__ = "replica"

    package_id: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    location: str
    state: str  # verified | damaged
    stamp: str = text_field()  # sizes and times seen at the last read-back
    verified_at: datetime = instant_field()
    problem: str = text_field(default="")
