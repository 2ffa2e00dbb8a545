"""The simulated sources are read as any others, and labelled."""

from datetime import UTC, date, datetime
from pathlib import Path

from configs.schema.monitoring_sources import AnthropicAdminSource
from tasks.monitoring.sources.places import files_of
from tasks.monitoring.sources.reading import read_files
from tasks.simulation.monitoring import World, make_sources, sources_of
from tests.fakes.configs import retirement

WORLD = World("aster-1", date(2026, 11, 30), days=30, unsafe_from=date(2026, 11, 16))
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


def test_the_same_world_makes_the_same_bytes(tmp_path: Path):
    one, other = (make_sources(tmp_path / name, WORLD) for name in "ab")
    assert [p.read_bytes() for p in one.values()] == [p.read_bytes() for p in other.values()]
    assert all(b"SIMULATED" in path.read_bytes() for path in one.values())


def test_they_are_read_whole_and_labelled(tmp_path: Path):
    make_sources(tmp_path, WORLD)
    owners = [{"name": "Search", "contact": "s@example.org", "callers": ["search"]}]
    config = retirement(
        candidate={"owners": owners}, monitoring={"sources": sources_of(str(tmp_path))}
    )
    found = {}
    for source in config.monitoring.sources:
        assert not isinstance(source, AnthropicAdminSource)
        found[source.kind] = read_files(config, source, files_of(source), NOW)
    assert {kind: one.state for kind, one in found.items()} == dict.fromkeys(found, "whole")
    assert all(one.simulated for one in found.values())
    days = found["usage"].body["days"]
    assert len(days) == 30
    before, after = (sum(d["unsafe"] for d in some) for some in (days[:15], days[15:]))
    assert after > 1.4 * before
    assert found["survey"].body["totals"]["scores"] > 100
