"""The records: SQLModel tables, one file an aggregate, behind one `Book`.

The database is the truth of a retirement. Every row is written through `Writing.put`, which adds
an audit entry in the same transaction; `tasks.records.audit` says how that is verified.
"""

from tasks.records.book import Book, Writing, open_book
from tasks.records.lease import Fence

__all__ = ["Book", "Fence", "Writing", "open_book"]
