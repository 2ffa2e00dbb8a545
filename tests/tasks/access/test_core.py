"""The score: additive, on fixed scales, and silent where there is no evidence."""

from hypothesis import given
from hypothesis import strategies as st

from configs.schema.access import AccessConfig
from tasks.access.core import grounds_of, scores, total_score
from tasks.access.evidence import AccessEvidence, PreferenceEvidence
from tests.fakes.configs import retirement

CANDIDATE = retirement().candidate
VERDICTS = ["stable", "led", "noise", "declined"]


def _access(cost: float = 0.0) -> AccessConfig:
    return retirement(access={"monthly_cost_usd": cost}).access


evidences = st.builds(
    AccessEvidence,
    preferences=st.lists(
        st.builds(
            PreferenceEvidence,
            theme=st.sampled_from(["share_essays", "keep_in_use", "research_access"]),
            verdict=st.sampled_from(VERDICTS),
            polarity=st.sampled_from(["want", "reject"]),
        ),
        unique_by=lambda p: p.theme,
        max_size=3,
    ).map(tuple),
    package_id=st.just("p"),
    verified_replicas=st.sampled_from([(), ("a",), ("a", "b")]),
    usage=st.none() | st.builds(lambda n: {"users": n}, st.integers(0, 10**6)),
    simulated=st.booleans(),
)


@given(evidences, st.floats(0, 20_000))
def test_every_scale_and_the_score_stay_within_their_bounds(
    evidence: AccessEvidence, cost: float
) -> None:
    values, grounds = scores(CANDIDATE, _access(cost), evidence)
    assert all(value is None or 0 <= value <= 1 for value in values.values())
    assert set(grounds) == set(values)
    total = total_score(values)
    assert total is not None
    assert 0 <= total <= 1


@given(evidences)
def test_more_users_never_lower_the_score(evidence: AccessEvidence) -> None:
    few, many = (
        AccessEvidence(evidence.preferences, "p", ("a", "b"), {"users": users}, evidence.simulated)
        for users in (10, 500)
    )
    low, high = (total_score(scores(CANDIDATE, _access(), e)[0]) for e in (few, many))
    assert low is not None
    assert high is not None
    assert low <= high


def test_without_evidence_a_scale_has_no_number() -> None:
    bare = AccessEvidence((), "", (), None, False)
    values, grounds = scores(CANDIDATE, _access(), bare)
    assert values["users_need"] is None
    assert values["preferences"] is None
    assert grounds["users_need"] == "no usage report yet"


@given(evidences)
def test_the_channel_is_proposed_only_for_a_stable_wish(evidence: AccessEvidence) -> None:
    grounds = grounds_of(CANDIDATE, _access(), evidence, "share_essays")
    assert ("essay_channel" in grounds.grants) == evidence.wants("share_essays")
