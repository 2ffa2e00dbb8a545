"""Pages for a browser: linked where they are served, and served to nobody else."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from flows import pages
from flows.pages_server import PagesRefused, pages_app, serve_pages


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMERITUS_HOME", str(tmp_path))
    for name in ("reports", "keys-to-hand-over"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a b.html").write_text("<p>a page</p>")
    return tmp_path


def test_a_page_below_a_served_folder_has_an_address(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = home / "reports" / "a b.html"
    assert pages.address_of(page) == ""
    monkeypatch.setenv("EMERITUS_PAGES_URL", "https://pages.example/x/")
    assert pages.address_of(page) == "https://pages.example/x/reports/a%20b.html"
    assert pages.address_of(home / "keys-to-hand-over" / "a b.html") == ""
    assert pages.address_of(Path("/elsewhere/a.html")) == ""


def test_only_folders_of_pages_are_served(home: Path) -> None:
    (home / "reports" / "out").symlink_to(home / "keys-to-hand-over")
    (home / "emeritus.sqlite").write_text("records")
    client = TestClient(pages_app())
    assert client.get("/reports/a%20b.html").text == "<p>a page</p>"
    for path in (
        "/keys-to-hand-over/a%20b.html",
        "/emeritus.sqlite",
        "/reports/../emeritus.sqlite",
        "/reports/%2e%2e/emeritus.sqlite",
        "/reports/out/a%20b.html",
        "/reports/",
        "/",
    ):
        assert client.get(path).status_code == 404, path


def test_a_password_is_asked_of_everybody(home: Path) -> None:
    client = TestClient(pages_app("ops:secret"))
    refused = client.get("/reports/a%20b.html")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Basic ")
    assert "a page" not in refused.text
    assert client.get("/reports/a%20b.html", auth=("ops", "other")).status_code == 401
    assert client.get("/reports/a%20b.html", auth=("ops", "secret")).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "pages.example"])
def test_without_a_password_only_loopback_is_served(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EMERITUS_PAGES_AUTH", raising=False)
    with pytest.raises(PagesRefused, match="not public"):
        serve_pages(host, 0)


def test_a_password_without_a_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMERITUS_PAGES_AUTH", "secret")
    with pytest.raises(PagesRefused, match="name:password") as caught:
        serve_pages("0.0.0.0", 0)
    assert "secret" not in str(caught.value)
