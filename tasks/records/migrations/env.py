"""Alembic's entry point: runs in the transaction that `bring_up_to_date` opened."""

from alembic import context
from sqlmodel import SQLModel

from tasks.records import tables

assert tables.AUDITED  # imported so that the metadata is whole

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    transactional_ddl=False,
)
context.run_migrations()
