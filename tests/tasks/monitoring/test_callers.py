import pytest
from pydantic import ValidationError

from configs.schema.candidate import Owner
from tasks.monitoring.callers import Callers
from tests.fakes.configs import retirement


def owner(name: str, *callers: str) -> Owner:
    return Owner(name=name, contact="a@example.org", callers=callers)


CALLERS = Callers([owner("Search", "search-*", "Ada"), owner("Billing", "billing")])


def test_names_and_beginnings_are_compared_without_case():
    assert CALLERS.owner_of("SEARCH-prod") == "Search"
    assert CALLERS.owner_of(" ada ") == "Search"
    assert CALLERS.owner_of("research-prod") == ""
    assert CALLERS.owner_of("adam") == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("ada", "ADA"), ("search-*", "search-prod"), ("se*", "search-*"), ("x", "*x")],
)
def test_a_caller_of_two_owners_is_refused(one: str, other: str):
    with pytest.raises(ValidationError, match=r"can be the same one|can't be used"):
        retirement(
            candidate={
                "owners": [
                    {"name": "A", "contact": "a@example.org", "callers": [one]},
                    {"name": "B", "contact": "b@example.org", "callers": [other]},
                ]
            }
        )


@pytest.mark.parametrize("caller", ["*", "a*b", "a**", " "])
def test_only_a_beginning_can_be_a_pattern(caller: str):
    with pytest.raises(ValidationError, match="can't be used"):
        owner("A", caller)


def test_one_owner_may_list_a_caller_twice_over():
    assert Callers([owner("A", "search-*", "search-prod")]).owner_of("search-prod") == "A"
