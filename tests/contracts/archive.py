"""What every archive does, whatever it is made of.

An adapter's test subclasses `ArchiveContract` as `Test...` and gives the fixture `make`: each call
opens the same place anew, as a later pass would.
"""

import hashlib
from collections.abc import Callable, Iterator

import pytest

from tasks.ports.archive import Archive, BagWriter

Make = Callable[[], Archive]

OLD, BAG, NEXT = "m-20260101-0000aaaa", "m-20260102-0000bbbb", "m-20260103-0000cccc"
LONGER_ID = "m-1-20260102-0000dddd"  # of a model whose id begins with the other's
ASIDE = f"{BAG}.damaged-20260105"
ODD_NAMES = ("data/a b", "data/Ünï.txt", "data/100%41+.txt", "data/b\\c", "data/~x", "data/.h/#?&")


def put(writer: BagWriter, path: str, data: bytes) -> None:
    """Put with the digest that the caller always has at hand."""
    writer.put(path, data, hashlib.sha256(data).hexdigest())


def stream(writer: BagWriter, path: str, *chunks: bytes, size: int | None = None) -> None:
    """A whole file in chunks, each in memory that is used again at once."""
    file = writer.open_file(path, sum(map(len, chunks)) if size is None else size)
    for chunk in chunks:
        memory = bytearray(chunk)
        file.write(memoryview(memory))
        memory[:] = b"\xee" * len(memory)
    file.close()


def content(archive: Archive, bag: str, path: str) -> bytes:
    """A file's bytes; each chunk is copied while it is good."""
    return b"".join(bytes(chunk) for chunk in archive.read(bag, path))


def contents(archive: Archive, bag: str) -> dict[str, bytes]:
    """All of a bag."""
    return {path: content(archive, bag, path) for path in archive.files(bag)}


def keep(archive: Archive, bag: str, files: dict[str, bytes]) -> None:
    """Write and commit a small bag."""
    with archive.writer(bag) as writer:
        for path, data in files.items():
            put(writer, path, data)
        writer.commit()


class ArchiveContract:
    """Behaviour that preservation relies on."""

    @pytest.fixture
    def make(self) -> Make:
        raise NotImplementedError("give the adapter's factory")

    # writing

    def test_a_committed_bag_holds_what_was_written(self, make: Make) -> None:
        large = bytes(range(256)) * 5000
        archive = make()
        assert not archive.exists(BAG)
        with archive.writer(BAG) as writer:
            put(writer, "data/deep/er/small", b"one")
            stream(writer, "data/large", large[:7], large[7:900_000], b"", large[900_000:])
            stream(writer, "data/empty")
            put(writer, "bagit.txt", b"")
            assert not make().exists(BAG)
            writer.sync()
            writer.commit()
        again = make()
        assert again.exists(BAG)
        assert contents(again, BAG) == {
            "bagit.txt": b"",
            "data/deep/er/small": b"one",
            "data/empty": b"",
            "data/large": large,
        }
        assert list(again.files(BAG)) == sorted(contents(again, BAG))
        assert BAG in again.location(BAG)

    def test_the_memory_of_what_is_put_stays_the_callers(self, make: Make) -> None:
        memory = bytearray(b"a" * 100_000)
        with make().writer(BAG) as writer:
            writer.put("one", memoryview(memory), hashlib.sha256(memory).hexdigest())
            memory[:] = b"b" * 100_000
            writer.put("two", memory, hashlib.sha256(memory).hexdigest())
            memory[:] = b"c" * 100_000
            writer.commit()
        assert contents(make(), BAG) == {"one": b"a" * 100_000, "two": b"b" * 100_000}

    @pytest.mark.parametrize("path", ODD_NAMES)
    def test_odd_names_stand_as_they_are(self, make: Make, path: str) -> None:
        keep(make(), BAG, {path: b"odd"})
        assert contents(make(), BAG) == {path: b"odd"}

    @pytest.mark.parametrize("path", ["/etc/x", "../x", "data/../../x", "data//x", "", ".", "a/."])
    def test_a_path_that_leaves_the_bag_or_has_two_spellings_is_refused(
        self, make: Make, path: str
    ) -> None:
        with make().writer(BAG) as writer:
            with pytest.raises((OSError, ValueError)):
                put(writer, path, b"x")
            with pytest.raises((OSError, ValueError)):
                writer.open_file(path, 1)

    def test_a_bag_is_never_written_over(self, make: Make) -> None:
        keep(make(), BAG, {"a": b"first"})
        with pytest.raises(OSError, match=r"."):
            keep(make(), BAG, {"a": b"second", "b": b"more"})
        assert contents(make(), BAG) == {"a": b"first"}

    def test_bags_stand_apart(self, make: Make) -> None:
        keep(make(), OLD, {"a": b"old"})
        keep(make(), f"{OLD}0", {"a": b"longer name", "b": b""})
        assert contents(make(), OLD) == {"a": b"old"}

    def test_files_may_be_open_at_once_where_the_archive_says_so(self, make: Make) -> None:
        with make().writer(BAG) as writer:
            if not writer.at_once:
                pytest.skip("one file after the other")
            first, second = writer.open_file("data/a", 4), writer.open_file("data/d/b", 2)
            first.write(b"on")
            second.write(b"tw")
            writer.sync()
            first.write(b"e!")
            second.close()
            first.close()
            writer.commit()
        assert contents(make(), BAG) == {"data/a": b"one!", "data/d/b": b"tw"}

    # a pass that died

    def test_what_a_dead_pass_left_is_taken_up(self, make: Make) -> None:
        with make().writer(BAG) as writer:
            put(writer, "data/a", b"from the first pass")
            stream(writer, "data/b", b"12345")
            writer.sync()
        assert not make().exists(BAG)
        with make().writer(BAG) as writer:
            put(writer, "data/c", b"from the second")
            writer.commit()
        assert contents(make(), BAG) == {
            "data/a": b"from the first pass",
            "data/b": b"12345",
            "data/c": b"from the second",
        }

    def test_an_error_in_the_block_is_the_callers_and_commits_nothing(self, make: Make) -> None:
        def die() -> None:
            with make().writer(BAG) as writer:
                put(writer, "data/a", b"a")
                writer.open_file("data/b", 10).write(b"half")
                raise KeyError("the pass's own")

        with pytest.raises(KeyError):
            die()
        assert not make().exists(BAG)
        with make().writer(BAG) as writer:
            stream(writer, "data/b", b"whole")
            writer.commit()
        assert content(make(), BAG, "data/b") == b"whole"

    @pytest.mark.parametrize("left", [b"", b"abc", b"abcdefgh", b"abXdefgh", b"abcdefghijk", b"Z"])
    @pytest.mark.parametrize("cut", [0, 1, 3, 8])
    def test_a_file_under_way_is_taken_up_whatever_was_left_of_it(
        self, make: Make, left: bytes, cut: int
    ) -> None:
        with make().writer(BAG) as writer:
            writer.open_file("data/f", 8).write(left)
            writer.sync()
        whole = b"abcdefgh"
        with make().writer(BAG) as writer:
            stream(writer, "data/f", whole[:cut], whole[cut:])
            writer.commit()
        assert contents(make(), BAG) == {"data/f": whole}

    def test_a_put_replaces_whatever_a_dead_pass_left_there(self, make: Make) -> None:
        with make().writer(BAG) as writer:
            put(writer, "data/a", b"long and old")
            writer.open_file("data/b", 9).write(b"part of b")
        with make().writer(BAG) as writer:
            put(writer, "data/a", b"new")
            put(writer, "data/b", b"b")
            writer.commit()
        assert contents(make(), BAG) == {"data/a": b"new", "data/b": b"b"}

    # sharing

    def test_a_linked_file_stands_in_both_bags(self, make: Make) -> None:
        keep(make(), OLD, {"data/p": b"shared", "data/q": b"other"})
        with make().writer(BAG) as writer:
            put(writer, "data/own", b"own")
            url = writer.link("data/x/p", OLD, "data/p")
            writer.sync()
            writer.commit()
        found = contents(make(), BAG)
        if url:
            assert "://" in url
            assert found == {"data/own": b"own"}
        else:
            assert found == {"data/own": b"own", "data/x/p": b"shared"}
        assert contents(make(), OLD) == {"data/p": b"shared", "data/q": b"other"}

    def test_writing_over_a_linked_file_leaves_the_other_bag_alone(self, make: Make) -> None:
        keep(make(), OLD, {"data/p": b"shared", "data/q": b"shared"})
        with make().writer(BAG) as writer:
            writer.link("data/p", OLD, "data/p")
            writer.link("data/q", OLD, "data/q")
            put(writer, "data/p", b"own")
            stream(writer, "data/q", b"shared but longer")
            writer.commit()
        assert contents(make(), OLD) == {"data/p": b"shared", "data/q": b"shared"}
        assert contents(make(), BAG) == {"data/p": b"own", "data/q": b"shared but longer"}

    def test_a_link_again_is_no_error(self, make: Make) -> None:
        keep(make(), OLD, {"data/p": b"shared"})
        with make().writer(BAG) as writer:
            first = writer.link("data/p", OLD, "data/p")
        with make().writer(BAG) as writer:
            assert writer.link("data/p", OLD, "data/p") == first

    @pytest.mark.parametrize(
        ("bag", "origin"), [(OLD, "data/none"), (NEXT, "data/p"), (OLD, f"../{OLD}/data/p")]
    )
    def test_a_link_to_what_is_not_there_is_an_error(
        self, make: Make, bag: str, origin: str
    ) -> None:
        keep(make(), OLD, {"data/p": b"shared"})
        with make().writer(BAG) as writer, pytest.raises((OSError, ValueError)):
            writer.link("data/p", bag, origin)

    # sweeping

    def test_only_unfinished_bags_of_the_same_model_are_swept(self, make: Make) -> None:
        keep(make(), OLD, {"a": b"committed"})
        for bag in (BAG, NEXT, LONGER_ID):
            with make().writer(bag) as writer:
                put(writer, "left", b"by a dead pass")
                writer.sync()
        make().sweep("m", keep=NEXT)
        for bag in (BAG, NEXT, LONGER_ID):
            keep(make(), bag, {"new": b"n"})
        assert contents(make(), OLD) == {"a": b"committed"}
        assert list(make().files(BAG)) == ["new"]
        assert list(make().files(NEXT)) == ["left", "new"]
        assert list(make().files(LONGER_ID)) == ["left", "new"]

    def test_a_place_without_bags_is_swept_in_silence(self, make: Make) -> None:
        make().sweep("m")
        assert not make().exists(BAG)

    # reading

    def test_what_is_not_there_cannot_be_read(self, make: Make) -> None:
        keep(make(), BAG, {"data/a": b"a"})
        for bag, path in ((BAG, "data/b"), (OLD, "data/a"), (BAG, "data")):
            with pytest.raises(OSError, match=r"."):
                content(make(), bag, path)
        with pytest.raises(OSError, match=r"."):
            make().files(OLD)

    def test_a_reader_may_stop_in_the_middle(self, make: Make) -> None:
        keep(make(), BAG, {"a": b"x" * 3_000_000})
        chunks: Iterator[memoryview] = make().read(BAG, "a")
        assert bytes(next(chunks)[:1]) == b"x"
        del chunks
        assert content(make(), BAG, "a") == b"x" * 3_000_000

    # mending

    def test_a_damaged_file_is_replaced_and_the_old_one_kept_aside(self, make: Make) -> None:
        keep(make(), BAG, {"data/d/a": b"damaged", "b": b"b"})
        seen = make().stamp(BAG)
        assert make().stamp(BAG) == seen
        make().replace(BAG, "data/d/a", iter([b"sound ", memoryview(b"again")]), ASIDE)
        assert contents(make(), BAG) == {"data/d/a": b"sound again", "b": b"b"}
        assert content(make(), ASIDE, "data/d/a") == b"damaged"
        assert make().stamp(BAG) != seen

    def test_a_missing_file_is_put_back(self, make: Make) -> None:
        keep(make(), BAG, {"b": b"b"})
        make().replace(BAG, "data/d/a", [b"a"], ASIDE)
        assert contents(make(), BAG) == {"data/d/a": b"a", "b": b"b"}

    def test_an_error_of_the_new_bytes_leaves_the_old_file(self, make: Make) -> None:
        keep(make(), BAG, {"a": b"damaged"})
        seen = make().stamp(BAG)

        def broken() -> Iterator[bytes]:
            yield b"half"
            raise EOFError("the good copy broke too")

        with pytest.raises(EOFError):
            make().replace(BAG, "a", broken(), ASIDE)
        assert contents(make(), BAG) == {"a": b"damaged"}
        assert make().stamp(BAG) == seen

    def test_mending_twice_keeps_both_old_files(self, make: Make) -> None:
        keep(make(), BAG, {"a": b"one"})
        make().replace(BAG, "a", [b"two"], ASIDE)
        make().replace(BAG, "a", [b"three"], ASIDE)
        assert contents(make(), BAG) == {"a": b"three"}
        assert sorted(contents(make(), ASIDE).values()) == [b"one", b"two"]

    def test_mending_a_shared_file_leaves_the_other_bag_alone(self, make: Make) -> None:
        keep(make(), OLD, {"data/p": b"shared"})
        with make().writer(BAG) as writer:
            writer.link("data/p", OLD, "data/p")
            writer.commit()
        make().replace(BAG, "data/p", [b"mended"], ASIDE)
        assert content(make(), BAG, "data/p") == b"mended"
        assert content(make(), OLD, "data/p") == b"shared"

    def test_a_file_that_does_not_belong_there_is_set_aside(self, make: Make) -> None:
        keep(make(), BAG, {"a": b"a", "data/x": b"stranger"})
        seen = make().stamp(BAG)
        make().set_aside(BAG, "data/x", ASIDE)
        assert contents(make(), BAG) == {"a": b"a"}
        assert contents(make(), ASIDE) == {"data/x": b"stranger"}
        assert make().stamp(BAG) != seen
        with pytest.raises(OSError, match=r"."):
            make().set_aside(BAG, "data/x", ASIDE)
