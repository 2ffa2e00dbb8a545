"""What is kept within a block is made once there, and each time outside."""

from tasks.kernel.once import keeping, once


def test_a_value_is_kept_within_the_block_alone() -> None:
    made: list[int] = []

    def make() -> int:
        made.append(1)
        return len(made)

    assert (once(("a",), make), once(("a",), make)) == (1, 2)
    with keeping():
        assert (once(("a",), make), once(("a",), make), once(("b",), make)) == (3, 3, 4)
        assert (once((), make), once((), make)) == (5, 6), "without a key nothing is kept"
        with keeping():
            assert once(("a",), make) == 7, "a block of its own"
        assert once(("a",), make) == 3
    assert once(("a",), make) == 8
