"""Every test of the records runs on SQLite and on a real PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tasks.records import Book, open_book
from tasks.records.migrations import bring_up_to_date
from tests.contracts.postgres import postgres


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests on PostgreSQL run in one xdist worker, which alone starts it."""
    for item in items:
        if isinstance(item, pytest.Function) and "[postgresql" in item.name:
            item.add_marker(pytest.mark.xdist_group("postgresql"))


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(scope="session")
def template(server: str) -> str:
    """The name of a database that the real migrations made, with nothing in it."""
    name = "migrated"
    _create(server, name)
    engine = create_engine(_named(server, name))
    bring_up_to_date(engine)
    engine.dispose()
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'records.sqlite'}"
    base: str = request.getfixturevalue("server")
    name = f"t{abs(hash(request.node.nodeid)):x}"
    _create(base, name, template=request.getfixturevalue("template"))
    return _named(base, name)


@pytest.fixture
def book(url: str) -> Book:
    return open_book(url)


def _create(server: str, name: str, template: str = "template1") -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    engine.dispose()


def _named(server: str, name: str) -> str:
    head, _, tail = server.partition("/postgres?")
    return f"{head}/{name}?{tail}"
