"""The bucket that serves the site: the port's contract, and what S3 adds to it."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from configs.schema.essay_targets import S3SiteConfig
from tasks.adapters import s3_publisher
from tasks.adapters.s3_publisher import S3Publisher, content_type
from tasks.kernel.errors import PublicationRefused
from tasks.kernel.retry import is_transient_fault
from tests.contracts.publisher import (
    ESSAY,
    SITE,
    SUMS,
    Dying,
    Killed,
    Make,
    Plant,
    PublisherContract,
)
from tests.fakes.s3_server import SECRET, Fault, S3Server
from tests.tasks.adapters.s3_scene import alone_here, one_server, server

__all__ = ["alone_here", "one_server", "server"]

pytestmark = pytest.mark.xdist_group("s3")
PREFIX = "the/site"
Opens = Callable[..., S3Publisher]


@pytest.fixture
def opens(server: S3Server, alone_here: None) -> Opens:
    """Opens the same place anew, with more of the configuration where a test asks for it."""

    def opens(site_url: str = "", **more: object) -> S3Publisher:
        plain = {"bucket": "bags", "prefix": PREFIX, "endpoint_url": server.url}
        return S3Publisher(S3SiteConfig.model_validate({**plain, **more}), site_url)

    return opens


@pytest.fixture
def make(opens: Opens) -> Make:
    return opens


@pytest.fixture
def plant(server: S3Server) -> Plant:
    def plant(path: str, data: bytes) -> None:
        got = server.store.receive(iter([data]))
        server.store.put(f"{PREFIX}/{path}", got.file, got.size, got.md5.hex(), "", {})

    return plant


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> Dying:
    @contextmanager
    def dying(files: int) -> Iterator[None]:
        left, put = [files], s3_publisher.put

        def killed(*args: object, **more: object) -> None:
            if not left[0]:
                raise Killed
            left[0] -= 1
            put(*args, **more)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr(s3_publisher, "put", killed)
            yield

    return dying


class TestS3Publisher(PublisherContract):
    pass


class TestWithoutDigests(PublisherContract):
    """On a store that keeps no checksums and knows no conditional create."""

    @pytest.fixture(autouse=True)
    def _poor(self, server: S3Server) -> None:
        server.ignores |= {"checksum", "if-none-match"}


def headers(server: S3Server, path: str) -> dict[str, str]:
    stored = server.store.current(f"{PREFIX}/{path}")
    assert stored is not None
    return stored.headers


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("feed.xml", "application/atom+xml; charset=utf-8"),
        ("models/aster-1/feed.xml", "application/atom+xml; charset=utf-8"),
        ("feed.json", "application/feed+json"),
        ("sitemap.xml", "application/xml"),
        ("essays/a-essay-001/index.md", "text/markdown; charset=utf-8"),
        ("essays/a-essay-001/approval.json", "application/json"),
        ("essays/a-essay-001/approval.json.sig", "text/plain; charset=utf-8"),
        ("essays/a-essay-001/allowed_signers", "text/plain; charset=utf-8"),
        ("essays/a-essay-001/SHA256SUMS", "text/plain; charset=utf-8"),
        ("essays/a-essay-001/prompt.txt", "text/plain; charset=utf-8"),
        ("style.css", "text/css; charset=utf-8"),
        ("card.png", "image/png"),
        ("odd", "application/octet-stream"),
    ],
)
def test_a_browser_is_told_what_a_file_is(path: str, told: str) -> None:
    assert content_type(path) == told


def test_what_an_object_carries(opens: Opens, server: S3Server) -> None:
    opens(essay_cache_seconds=7200, page_cache_seconds=60).publish(SITE)
    for path, data in SITE.items():
        seconds = 7200 if path in (ESSAY, SUMS) else 60
        assert headers(server, path) == {
            "cache-control": f"public, max-age={seconds}",
            "content-type": content_type(path),
            "x-amz-meta-sha256": hashlib.sha256(data).hexdigest(),
        }
        stored = server.store.current(f"{PREFIX}/{path}")
        assert stored is not None
        assert stored.checksum  # sent, so that the store refuses other bytes


def test_a_site_of_many_files_is_looked_through_in_a_few_requests(
    opens: Opens, server: S3Server
) -> None:
    many = {f"essays/aster-1-essay-{n:03d}/index.html": b"%d" % n for n in range(20)}
    opens().publish(many)
    server.calls.clear()
    assert opens().publish(many) == ()
    assert {call.operation for call in server.calls} == {"ListObjectsV2"}
    assert len(server.calls) == 3  # seven keys an answer


def test_neighbours_are_not_ours(opens: Opens) -> None:
    opens(prefix=f"{PREFIX}-of-others").publish(SITE)
    opens(prefix="the").publish({"index.html": b"above"})
    assert opens().listing() == ()
    assert opens().publish({"index.html": b"x"}) == ("index.html",)
    assert opens(prefix="").listing("the/index") == ("the/index.html",)


class TestCreatedOnce:
    """An essay that somebody else put there meanwhile."""

    @pytest.fixture
    def meanwhile(
        self, opens: Opens, plant: Plant, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[bytes], None]:
        def meanwhile(data: bytes) -> None:
            plant(ESSAY, data)
            monkeypatch.setattr(S3Publisher, "_seen", lambda *_: {})

        return meanwhile

    def test_other_bytes_are_refused(
        self, opens: Opens, meanwhile: Callable[[bytes], None], server: S3Server
    ) -> None:
        meanwhile(b"theirs")
        with pytest.raises(PublicationRefused, match=rf"s3://bags/{PREFIX}/{ESSAY}.*other bytes"):
            opens().publish(SITE)
        assert opens().read(ESSAY) == b"theirs"
        assert server.count("PutObject", 412) == 1
        assert server.count("PutObject") == 0

    def test_the_same_bytes_are_taken(
        self, opens: Opens, meanwhile: Callable[[bytes], None]
    ) -> None:
        meanwhile(SITE[ESSAY])
        assert opens().publish(SITE) == tuple(SITE)
        assert opens().read(ESSAY) == SITE[ESSAY]

    @pytest.mark.parametrize(
        ("status", "code"), [(501, "NotImplemented"), (400, "InvalidArgument")]
    )
    def test_a_store_without_conditions_is_looked_into_first(
        self,
        opens: Opens,
        meanwhile: Callable[[bytes], None],
        server: S3Server,
        status: int,
        code: str,
    ) -> None:
        meanwhile(b"theirs")
        server.faults.append(Fault("PutObject", status, code))
        with pytest.raises(PublicationRefused, match="other bytes"):
            opens().publish(SITE)
        assert opens().read(ESSAY) == b"theirs"

    def test_pages_are_made_anew_without_a_condition(self, opens: Opens, server: S3Server) -> None:
        opens().publish({"index.html": b"1"})
        assert opens().publish({"index.html": b"2"}) == ("index.html",)
        assert server.count("PutObject", 412) == 0


class TestOtherETags:
    """Encrypted objects have ETags that are no MD5."""

    @pytest.fixture
    def encrypted(self, opens: Opens, server: S3Server) -> None:
        opens().publish(SITE)
        for held in server.store.versions.values():
            held[0].etag = "e" * 32

    @pytest.mark.usefixtures("encrypted")
    def test_the_stores_digest_is_compared(self, opens: Opens, server: S3Server) -> None:
        server.calls.clear()
        assert opens().publish(SITE) == ()
        assert server.count("HeadObject") == len(SITE)
        assert server.count("GetObject") == 0

    @pytest.mark.usefixtures("encrypted")
    def test_without_one_the_bytes_are(self, opens: Opens, server: S3Server, plant: Plant) -> None:
        for held in server.store.versions.values():
            held[0].checksum = ""
        plant("index.html", b"f" * len(SITE["index.html"]))
        assert opens().publish(SITE) == ("index.html",)


def test_bytes_that_came_otherwise_are_told(opens: Opens, server: S3Server) -> None:
    server.ignores.add("checksum")
    server.faults.append(Fault("PutObject", garble=2, key="index.html"))
    with pytest.raises(OSError, match="other bytes than were sent"):
        opens().publish({"index.html": b"<p>all</p>", "feed.xml": b"<feed/>"})
    assert opens().read("feed.xml") is None


def test_a_store_that_is_busy_is_tried_again(opens: Opens, server: S3Server) -> None:
    server.faults.append(Fault("PutObject", 503, "SlowDown", times=2))
    assert opens().publish(SITE) == tuple(SITE)


@pytest.mark.parametrize("lost", ["cut", "late"])
def test_a_lost_answer_makes_no_second_object(opens: Opens, server: S3Server, lost: str) -> None:
    fault = Fault("PutObject", cut=3) if lost == "cut" else Fault("PutObject", late=True)
    server.faults.append(fault)
    server.store.versioned = True
    assert opens().publish(SITE) == tuple(SITE)
    assert {path: opens().read(path) for path in SITE} == SITE
    assert len(server.store.versions[f"{PREFIX}/{ESSAY}"]) == 1


@pytest.mark.parametrize(
    ("operation", "status", "code", "transient"),
    [
        ("ListObjectsV2", 403, "AccessDenied", False),
        ("PutObject", 403, "AccessDenied", False),
        ("PutObject", 507, "XMinioStorageFull", False),
        ("PutObject", 503, "SlowDown", True),
        ("ListObjectsV2", 500, "InternalError", True),
    ],
)
def test_what_a_store_refuses_is_told(
    opens: Opens, server: S3Server, operation: str, status: int, code: str, transient: bool
) -> None:
    server.faults.append(Fault(operation, status, code, times=99))
    with pytest.raises(OSError, match=f"{operation} was answered with {status} {code}") as caught:
        opens().publish(SITE)
    assert is_transient_fault(caught.value) is transient
    assert "s3://bags/the/site" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_bucket_that_is_not_there_is_no_empty_site(opens: Opens) -> None:
    with pytest.raises(FileNotFoundError, match="no such bucket"):
        opens(bucket="nobodys").read("index.html")


def test_where_people_find_it(opens: Opens) -> None:
    assert opens().location("a b/ü.html") == f"s3://bags/{PREFIX}/a%20b/%C3%BC.html"
    assert opens("https://e.example/x/").location("feed.xml") == "https://e.example/x/feed.xml"


def test_a_folder_that_a_console_made_is_no_file(opens: Opens, plant: Plant) -> None:
    plant("essays/", b"")
    assert opens().listing() == ()


def test_versions_hide_what_is_withdrawn(opens: Opens, server: S3Server) -> None:
    server.store.versioned = True
    opens().publish(SITE)
    assert opens().remove([ESSAY]) == (ESSAY,)
    assert opens().read(ESSAY) is None
    assert opens().publish(SITE) == (ESSAY,)
