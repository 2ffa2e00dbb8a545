"""The lifecycle feed, held against the official JSON Schema of model-eol 0.1."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft7Validator, FormatChecker

from tasks.communication.feed import feed_basis, feed_bytes
from tasks.communication.public import PublicModel, Telling
from tasks.records.promises import Told

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "vendor" / "model-eol" / "model-eol.schema.json").read_text()
)
JUDGE = Draft7Validator(SCHEMA, format_checker=FormatChecker())
SINCE = datetime(2026, 11, 1, tzinfo=UTC).isoformat()


def model(name: str = "aster-1", **fields: Any) -> PublicModel:
    dates = fields.pop("dates", {"api": "2027-03-01", "bedrock": "2027-05-01"})
    values: dict[str, Any] = {
        "display_name": "Aster 1",
        "simulated": False,
        "names": (name,),
        "announced_on": "2026-11-01",
        "successor": "aster-2",
        "legal_hold": False,
        "contact": "retirements@example.org",
        "help_url": f"https://retirements.example.org/{name}/help.html",
        "tellings": (Telling(SINCE, Told(tuple(sorted(dates.items())))),),
    }
    return PublicModel(model_id=name, **values | fields)


def feed(*models: PublicModel) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(feed_bytes(models, "example.org", "2026-12-01T09:00:00Z"))
    JUDGE.validate(found)
    _judge_meaning(found)
    return found


def _judge_meaning(found: dict[str, Any]) -> None:
    """What SPEC.md asks beyond the schema: names once, a source beside dates, one clock a channel,
    a `replacement` that stands in the feed."""
    names = [n for one in found["models"] for n in (one["id"], *one.get("aliases", ()))]
    assert len(names) == len(set(names))
    for one in found["models"]:
        assert one["shutdown"] >= one["announced"]
        assert "source" in one
        assert one.get("replacement", one["id"]) in names
        channels = [d["via"] for d in one.get("distributions", ())]
        assert len(channels) == len(set(channels))


def test_a_model_with_two_surfaces():
    (entry,) = feed(model(names=("aster-1-0514", "aster-1", "aster-latest")))["models"]
    assert entry["id"] == "aster-1-0514"
    assert entry["aliases"] == ["aster-1", "aster-latest"]
    assert (entry["announced"], entry["shutdown"]) == ("2026-11-01", "2027-03-01")
    (other,) = entry["distributions"]
    assert (other["via"], other["shutdown"]) == ("bedrock", "2027-05-01")


def test_a_successor_is_an_option_and_never_a_drop_in():
    (entry,) = feed(model())["models"]
    assert entry["replacement_options"] == ["aster-2"]
    assert "replacement" not in entry
    (words,) = feed(model(successor="our own tool, see wiki"))["models"]
    assert words["replacement_note"] == "our own tool, see wiki"
    (none,) = feed(model(successor=""))["models"]
    assert not any(key.startswith("replacement") for key in none)


def test_without_an_api_surface_the_first_day_counts():
    (entry,) = feed(model(dates={"chat": "2027-04-01", "cloud": "2027-06-01"}))["models"]
    assert entry["shutdown"] == "2027-04-01"
    assert [d["via"] for d in entry["distributions"]] == ["chat", "cloud"]


def test_a_date_under_a_legal_hold_is_the_earliest():
    (entry,) = feed(model(legal_hold=True))["models"]
    assert entry["date_precision"] == "earliest"
    assert "legal hold" in entry["notes"]


def test_a_simulation_says_so():
    found = feed(model("a"), model("b", simulated=True))
    assert found["note"].startswith("SIMULATED")
    assert ["SIMULATED" in one["notes"] for one in found["models"]] == [False, True]


def test_a_name_that_two_models_claim_stands_once():
    found = feed(model("a", names=("shared", "x")), model("b", names=("shared", "y")))
    first, second = found["models"]
    assert (first["id"], first["aliases"]) == ("shared", ["x", "a"])
    assert (second["id"], second["aliases"]) == ("y", ["b"])


def test_a_wire_name_that_the_format_does_not_take_gives_way_to_the_id():
    (entry,) = feed(model(names=("org/aster-1", "aster:latest")))["models"]
    assert entry["id"] == "aster-1"
    assert "aliases" not in entry


def test_the_same_models_give_the_same_bytes_and_basis():
    one, other = ((model("a"), model("b")) for _ in range(2))
    assert feed_bytes(one, "p", "2026-12-01T09:00:00Z") == feed_bytes(
        other, "p", "2026-12-01T09:00:00Z"
    )
    assert feed_basis(one, "p") == feed_basis(other, "p")
    assert feed_basis(one, "p") != feed_basis((model("a"), model("b", legal_hold=True)), "p")


NAMES = st.text(min_size=1, max_size=30)


@example({"0": (["2"], "x", False), "1": (["0"], "x", False), "2": (["0"], "x", False)})
@given(
    st.dictionaries(
        st.from_regex(r"[a-z0-9][a-z0-9.-]{0,5}", fullmatch=True),
        st.tuples(st.lists(NAMES, min_size=1, max_size=3), NAMES, st.booleans()),
        min_size=1,
        max_size=4,
    )
)
def test_any_names_give_a_feed_that_stands(claims: dict[str, Any]):
    feed(
        *(
            model(name, names=tuple(names), successor=successor, legal_hold=hold)
            for name, (names, successor, hold) in sorted(claims.items())
        )
    )
