"""What is due hides nothing for long: it comes first, and what a person has to mend comes next."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tasks.kernel.stages import Assessment, StageState, blocked, done, due, waiting
from tasks.monitoring.together import together

AT = datetime(2027, 1, 4, tzinfo=UTC)
LATER = datetime(2027, 2, 1, tzinfo=UTC)

parts = st.lists(
    st.builds(
        Assessment,
        st.sampled_from(StageState),
        st.text(min_size=1, max_size=5),
        st.sampled_from([None, AT, LATER]),
        st.sampled_from(["", "emeritus x"]),
    ),
    min_size=1,
    max_size=6,
)


@given(parts)
def test_the_most_pressing_state_stands_with_all_its_reasons(found: list[Assessment]) -> None:
    one = together(found)
    states = {part.state for part in found}
    order = (StageState.DUE, StageState.BLOCKED, StageState.WAITING, StageState.DONE)
    assert one.state is next(state for state in order if state in states)
    reasons = [part.reason for part in found if part.state is one.state]
    if one.state is StageState.DUE:
        assert one.reason == reasons[0]
    else:
        assert one.reason == "; ".join(reasons)
        assert one.until == min((p.until for p in found if p.until), default=None)


def test_what_it_says() -> None:
    found = together([done("read"), waiting("two sign", LATER, "close"), done("quiet", AT)])
    assert (found.state, found.reason) == (StageState.WAITING, "two sign")
    assert (found.until, found.command) == (AT, "close")
    assert together([blocked("no log"), due("a source is to be read")]).state is StageState.DUE
