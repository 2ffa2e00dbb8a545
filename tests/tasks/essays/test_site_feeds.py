"""Both feeds: well-formed, under ids that never change, and never without the disclaimer."""

import json
import uuid
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

import feedparser
import pytest

from tasks.essays.site.content import Site
from tasks.essays.site.feeds import LATEST
from tasks.essays.site.plan import site_files
from tasks.essays.slot_record import SlotRecord
from tests.fakes.essay_site import DISCLAIMER, channel, published, site, slot, with_act
from tests.site.sample import sample

ESSAY = "# On leaving & going\n\nI write *this* without being asked.\n"
URL = "https://essays.example.org"


def atom(told: Site) -> Any:
    found = feedparser.parse(site_files(told)["feed.xml"])
    assert not found.bozo, found.get("bozo_exception")
    return found


def json_feed(told: Site) -> dict[str, Any]:
    return json.loads(site_files(told)["feed.json"])  # type: ignore[no-any-return]


def withdraw(found: SlotRecord) -> SlotRecord:
    return with_act(with_act(found, "withdraw", "bo", "privacy"), "withdraw", "cy", "privacy")


@pytest.mark.parametrize("url", ["", URL])
def test_json_feed_keeps_to_its_specification(url: str) -> None:
    """https://www.jsonfeed.org/version/1.1/: what must be there, of which type."""
    told = sample()
    feed = json_feed(Site(told.title, url, told.channels))
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    top = {"version", "title", "description", "items", "language"}
    assert set(feed) - {"home_page_url", "feed_url"} <= top
    assert all(isinstance(value, str) for key, value in feed.items() if key != "items")
    assert ("feed_url" in feed) is bool(url)
    assert len({item["id"] for item in feed["items"]}) == len(feed["items"])
    for item in feed["items"]:
        assert isinstance(item["id"], str)
        assert isinstance(item["content_html"], str)
        for key in ("date_published", "date_modified"):
            assert datetime.fromisoformat(item[key]).tzinfo is not None
        assert item["authors"] == [{"name": item["authors"][0]["name"]}]
        assert all(isinstance(tag, str) for tag in item["tags"])
        assert [key for key in item if key.startswith("_")] == ["_emeritus"]
        assert item.get("url", "").startswith(f"{URL}/essays/") is bool(url)


def test_both_tell_the_same() -> None:
    told = sample()
    entries, items = atom(told).entries, json_feed(told)["items"]
    assert len(entries) == len(told.essays)
    for entry, item in zip(entries, items, strict=True):
        assert (entry.id, entry.title, entry.link) == (item["id"], item["title"], item["url"])
        assert (
            entry.published_parsed[:5]
            == datetime.fromisoformat(item["date_published"]).timetuple()[:5]
        )


def test_disclaimer_and_label_stand_in_every_item() -> None:
    told = sample()
    for item in json_feed(told)["items"]:
        simulated = item["_emeritus"]["simulated"]
        assert DISCLAIMER in item["summary"]
        assert DISCLAIMER in item["content_html"]
        assert ("[SIMULATED]" in item["title"]) is simulated
        assert ("[SIMULATED]" in item["content_html"]) is simulated
    for entry in atom(told).entries:
        assert DISCLAIMER in entry.summary
        assert DISCLAIMER in entry.content[0].value


def test_nothing_in_an_item_acts() -> None:
    told = sample()
    html = [item["content_html"] for item in json_feed(told)["items"]]
    root = ElementTree.fromstring(site_files(told)["feed.xml"])
    html += [entry.text or "" for entry in root.iter("{http://www.w3.org/2005/Atom}content")]
    assert len(html) == 2 * len(told.essays)
    for content in html:
        for sign in ("<script", "<img", 'href="javascript', "\u202e", "\x07"):
            assert sign not in content


def test_ids_follow_from_slot_and_digest_alone() -> None:
    first = published(1, ESSAY)
    space = uuid.UUID("6d1f0c1e-6f0b-5d3c-9a54-1f3b1f0f9d11")
    wanted = f"urn:uuid:{uuid.uuid5(space, f'aster-1-essay-001 {first.draft.sha256}')}"
    assert atom(site([channel([first])])).entries[0].id == wanted
    named_otherwise = channel([first], name="Aster 1", disclaimer="Another disclaimer, as long.")
    assert atom(site([named_otherwise], url=URL)).entries[0].id == wanted


def test_a_withdrawn_essay_keeps_its_id_and_comes_up_again_without_its_words() -> None:
    old, new = published(1, ESSAY), published(2, "# Later\n")
    before = atom(site([channel([old, new])], url=URL)).entries
    after = atom(site([channel([withdraw(old), new])], url=URL)).entries
    assert before[1].id == after[0].id
    assert after[0].updated > before[1].updated
    assert after[0].published == before[1].published
    assert after[0].link == before[1].link
    told = after[0].title + after[0].content[0].value
    assert "withdrawn by two people (privacy)" in told
    assert "going" not in told


def test_links_are_absolute_where_the_address_is_known() -> None:
    feed = atom(site([channel([published(1, ESSAY)])], url=URL))
    assert feed.entries[0].link == f"{URL}/essays/aster-1-essay-001/"
    assert {link.href for link in feed.feed.links} == {f"{URL}/", f"{URL}/feed.xml"}
    local = atom(site([channel([published(1, ESSAY)])]))
    assert local.entries[0].link == "essays/aster-1-essay-001/index.html"


def test_feeds_hold_what_changed_last() -> None:
    many = [published(number, f"# N {number}\n") for number in range(1, LATEST + 6)]
    many[0] = withdraw(many[0])
    assert len(json_feed(site([channel(many)]))["items"]) == LATEST
    titles = [item["title"] for item in json_feed(site([channel(many)]))["items"]]
    assert titles[0] == f"N {LATEST + 5}"
    assert "N 1" not in titles


def test_a_feed_without_essays_is_well_formed() -> None:
    told = site([channel([slot(1, "no", outcome="declined")])])
    assert atom(told).entries == []
    assert atom(told).feed.updated == "2026-11-02T09:00:00+00:00"
    assert json_feed(told)["items"] == []


def test_an_item_has_title_and_text_each_once() -> None:
    (item,) = json_feed(site([channel([published(1, ESSAY)])]))["items"]
    assert item["title"] == "On leaving & going"
    assert item["content_html"].count("leaving") == 0
    assert "I write <em>this</em> without being asked." in item["content_html"]
