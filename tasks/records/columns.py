"""Column types and the base of all tables."""

from datetime import datetime
from typing import Any, ClassVar

from pydantic import ConfigDict
from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from tasks.kernel.instants import from_text, to_text


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime, kept as RFC 3339 text so that every database gives it back whole."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """To the database."""
        return None if value is None else to_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        return None if value is None else from_text(value)


def instant_field(**settings: Any) -> Any:
    """A `datetime` field kept as an `Instant`."""
    return Field(sa_type=Instant, **settings)


def text_field(**settings: Any) -> Any:
    """A `str` field without a length limit."""
    return Field(sa_type=Text, **settings)


class Row(SQLModel):
    """Base of all tables."""

    model_config = ConfigDict(extra="forbid")  # type: ignore[assignment]  # SQLModel's own config

    added_later: ClassVar[tuple[str, ...]] = ()
    """Columns that a later migration added: rows audited before it must give the same digest."""

    def witness(self) -> dict[str, Any]:
        """The row as JSON values, the same from every database; its digest is audited.

        A column that was added later is left out while it is empty.
        """
        return {
            name: to_text(value) if isinstance(value, datetime) else value
            for name, value in sorted(self.model_dump().items())
            if value not in ("", None) or name not in self.added_later
        }
