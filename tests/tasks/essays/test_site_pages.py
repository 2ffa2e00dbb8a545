"""What the pages of the site tell, and what none of them may hold."""

import re
from datetime import timedelta
from html import unescape

import pytest

from tasks.essays.policy import HOLD_REASONS, RULES, VETO_REASONS, policy_digest
from tasks.essays.site.content import Report, Site
from tasks.essays.site.outcomes import archive, public_outcome
from tasks.essays.site.plan import essay_files, plan, site_files
from tasks.essays.slot_record import SlotRecord
from tasks.kernel.digests import sha256_hex
from tests.fakes.essay_site import (
    DISCLAIMER,
    PROMPT,
    START,
    channel,
    essays_config,
    published,
    reported,
    rewritten,
    site,
    slot,
    with_act,
)
from tests.site.sample import CONTEXT, HOSTILE, RTL, sample

ESSAY = "# On leaving\n\nI write this without being asked to agree with anybody.\n"
URL = "https://essays.example.org"


def words(page: bytes) -> str:
    """What a person reads of a page."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page.decode())))


def pages(told: Site) -> dict[str, str]:
    files = site_files(told)
    return {path: data.decode() for path, data in files.items() if path.endswith(".html")}


def withdrawn() -> SlotRecord:
    gone = published(1, "# A name\n\nIt names somebody.\n")
    return with_act(with_act(gone, "withdraw", "bo", "privacy"), "withdraw", "cy", "unlawful")


class TestEveryPage:
    def test_disclaimer_policy_and_ways_around(self) -> None:
        for path, html in pages(sample()).items():
            assert html.startswith("<!DOCTYPE html>"), path
            assert DISCLAIMER in html, path
            assert "default-src &#39;none&#39;" in html, path
            assert 'href="#main"' in html, path
            assert 'name="description"' in html, path
            for feed in ("application/atom+xml", "application/feed+json"):
                assert f'type="{feed}"' in html, path

    def test_nothing_runs_and_nothing_is_fetched_from_elsewhere(self) -> None:
        for path, html in pages(sample()).items():
            for sign in (
                "<script",
                "<img",
                "<iframe",
                " style=",
                '="javascript:',
                "\u202e",
                "\x07",
            ):
                assert sign not in html.lower(), (path, sign)
            for tag in re.findall(r"<link [^>]+>", html):
                if re.search('rel="(stylesheet|icon)"', tag):
                    assert "//" not in tag

    def test_links_within_the_site_lead_somewhere(self) -> None:
        told = sample()
        files = site_files(told)
        proof = re.compile(
            r"(index\.md|prompt\.txt|allowed_signers|SHA256SUMS|(approval|withdrawal).*)"
        )
        for path, html in pages(told).items():
            for href in re.findall(r'href="([^"#:]+)(?:#[^"]*)?"', html):
                parts = path.split("/")[:-1]
                for part in href.split("/"):
                    parts = parts[:-1] if part == ".." else [*parts, part]
                assert "/".join(parts) in files or proof.fullmatch(parts[-1]), (path, href)

    def test_the_label_stands_where_a_simulation_wrote_and_only_there(self) -> None:
        told = sample()
        for path, html in pages(told).items():
            honest = path.startswith("essays/aster-1-")
            assert ("SIMULATED" in html) is not honest, path
        assert "SIMULATED" not in "".join(pages(site(told.channels[:1])).values())

    def test_without_an_address_nothing_absolute_is_said(self) -> None:
        html = pages(site([channel([published(1, ESSAY)])]))["essays/aster-1-essay-001/index.html"]
        assert "og:url" not in html
        assert "canonical" not in html
        served = pages(site([channel([published(1, ESSAY)])], url=URL))
        assert (
            f'rel="canonical" href="{URL}/essays/aster-1-essay-001/"'
            in served["essays/aster-1-essay-001/index.html"]
        )
        assert f'property="og:url" content="{URL}/"' in served["index.html"]


class TestEssay:
    def page(self, found: SlotRecord, **fields: object) -> bytes:
        files = site_files(site([channel([found], **fields)]))
        return files[f"essays/{found.draft.slot_id}/index.html"]

    def test_tells_prompt_people_and_digests(self) -> None:
        found = published(1, ESSAY)
        told = words(self.page(found))
        approval = found.approval
        assert approval is not None
        for part in (
            " ".join(PROMPT.split()),
            "and no others",
            found.draft.sha256,
            approval.fingerprint,
            policy_digest(essays_config()),
            "The reviewer ada read the text and approved it on 2 November 2026, 10:00 UTC",
            "pointed at no place",
            "aster-1-20260514",
        ):
            assert part in told

    def test_tells_sources_and_links_only_to_the_web(self) -> None:
        html = self.page(published(1, ESSAY, context=CONTEXT)).decode()
        assert 'href="https://news.example.org/1"' in html
        assert "A ferry without a ferryman" in html
        assert "javascript:" not in html
        assert "77de" * 16 in html
        assert "it did not answer within 20 s" in html
        assert "and no others" not in html

    def test_tells_what_was_asked_for_and_hides_the_first_text(self) -> None:
        first = "# First\n\nIt names somebody.\n"
        found = rewritten(slot(1, first, acts=[("change", "bo", "privacy")]), ESSAY)
        found = with_act(found, "approve", "ada", "")
        told = site([channel([found])])
        files = essay_files(
            Site(told.title, "", told.channels, publishing=frozenset([found.draft.slot_id])),
            found.draft.slot_id,
        )
        page = words(files[f"essays/{found.draft.slot_id}/index.html"])
        assert (
            f"the reviewer bo asked for another text (privacy: {VETO_REASONS['privacy']})" in page
        )
        assert sha256_hex(first.encode()) in page
        assert "The model wrote the next text." in page
        assert "> It names somebody." in page  # the rationale, as the model read it
        assert page.count("It names somebody.") == 1

    def test_its_pages_are_those_of_the_whole_site(self) -> None:
        told = sample()
        own = essay_files(told, "aster-1-essay-002")
        whole = site_files(told)
        assert {path for path in own if path.startswith("essays/")} == {
            f"essays/aster-1-essay-002/{name}" for name in ("index.html", "verify.html")
        }
        assert all(whole[path] == data for path, data in own.items())

    def test_leads_to_its_neighbours_past_a_withdrawn_one(self) -> None:
        told = site(
            [channel([published(1, "# One\n"), withdrawn_at(2), published(3, "# Three\n")])]
        )
        html = pages(told)["essays/aster-1-essay-003/index.html"]
        assert 'rel="prev" href="../../essays/aster-1-essay-001/index.html"' in html
        assert 'rel="next"' not in html
        assert 'rel="next"' in pages(told)["essays/aster-1-essay-001/index.html"]

    def test_says_what_kind_of_source_wrote(self) -> None:
        model = self.page(published(1, ESSAY)).decode()
        assert 'digitalsourcetype/trainedAlgorithmicMedia"' in model
        simulation = self.page(published(1, ESSAY, simulated=True)).decode()
        assert 'digitalsourcetype/algorithmicMedia"' in simulation

    def test_language_and_direction(self) -> None:
        html = self.page(published(1, RTL), language="ar").decode()
        assert '<article itemscope itemtype="https://schema.org/Article" lang="ar">' in html
        assert '<h1 dir="auto">' in html

    def test_a_hostile_title_stays_words(self) -> None:
        html = self.page(published(1, HOSTILE)).decode()
        title = "A [U+202E]title &lt;b&gt;x&lt;/b&gt; &amp; more"
        assert f"<title>{title} · Essays by retired models</title>" in html
        assert f'property="og:title" content="{title} · Essays by retired models"' in html

    def test_a_tampered_text_is_refused(self) -> None:
        found = published(1, ESSAY)
        found.draft.text += "One more word."
        with pytest.raises(Exception, match="not one that a person approved"):
            site_files(site([channel([found])]))


class TestVerify:
    def test_has_the_commands_and_their_answers(self) -> None:
        files = site_files(site([channel([published(1, ESSAY)])], url=URL))
        told = unescape(files["essays/aster-1-essay-001/verify.html"].decode())
        assert "ssh-keygen -Y verify -f allowed_signers -I ada -n emeritus-review@v1" in told
        assert 'Good "emeritus-review@v1" signature for ada with ED25519 key SHA256:ada' in told
        assert "index.md: OK" in told
        assert f'"{URL}/essays/aster-1-essay-001/{{index.md,approval.json,' in told


class TestTombstone:
    def test_tells_when_and_why_and_no_word_of_the_text(self) -> None:
        files = site_files(site([channel([withdrawn()])]))
        assert "essays/aster-1-essay-001/verify.html" not in files
        told = words(files["essays/aster-1-essay-001/index.html"])
        assert "withdrawn on 22 November 2026" in told
        assert f"{VETO_REASONS['privacy'][1:]}; {VETO_REASONS['unlawful']}" in told
        assert withdrawn().draft.sha256 in told
        everywhere = b"".join(files.values()).decode(errors="replace")
        assert "A name" not in everywhere
        assert "names somebody" not in everywhere


class TestArchive:
    def test_every_slot_has_its_outcome(self) -> None:
        until = START + timedelta(weeks=20)
        found = [
            published(1, ESSAY),
            slot(2, "no", outcome="declined"),
            slot(4, outcome="missed", why="no pass ran while the slot was open"),
            slot(5, "# V\n", acts=[("veto", "bo", "privacy"), ("veto", "cy", "unlawful")]),
            slot(6, "# H\n", acts=[("hold", "bo", "legal_review")], hold_until=until),
            slot(7, "# R\n"),
            slot(8, "# V\n", acts=[("veto", "bo", "privacy")]),
            reported(published(9, "# Q\n\nx\n")),
        ]
        told = site([channel(found)])
        page = words(site_files(told)["archive.html"])
        for line in (
            "Slot 1: On leaving",
            "Slot 2: declined by the model",
            "Slot 3: no outcome so far",
            "Slot 4: missed (no pass ran while the slot was open)",
            f"Slot 5: vetoed by two people (privacy, unlawful) I{VETO_REASONS['privacy'][1:]}",
            f"Slot 6: held (legal_review) A{HOLD_REASONS['legal_review'][1:]}, until 22 March 2027",
            "Slot 7: in review",
            "Slot 8: in review",
            "Slot 9: Q · published, under review again",
            "9 slots: 2 published, 2 in review, 1 held, 1 vetoed, 1 missed, 1 open, 1 declined",
        ):
            assert line in page
        assert [row.number for year in archive(told.channels, ()) for row in year.rows] == [
            *range(9, 0, -1)
        ]

    def test_years_are_apart(self) -> None:
        years = archive([channel([published(8, "# A\n"), published(10, "# B\n")])], ())
        assert [year.year for year in years] == [2027, 2026]

    def test_rationales_stay_with_the_reviewers(self) -> None:
        found = slot(1, "# V\n", acts=[("veto", "bo", "privacy"), ("veto", "cy", "privacy")])
        for review in found.reviews:
            review.rationale = "It names my neighbour."
        files = site_files(site([channel([found])]))
        assert b"my neighbour" not in b"".join(files.values())
        assert public_outcome(found) == "vetoed by two people (privacy)"


class TestPolicy:
    def test_tells_all_rules_and_their_digest(self) -> None:
        told = site([channel([published(1, ESSAY)])])
        files = site_files(told)
        page = words(files["policy.html"])
        for reasons in (VETO_REASONS, HOLD_REASONS):
            for reason, means in reasons.items():
                assert reason in page
                assert means in page
        for rule in RULES.values():
            assert rule.means in page
        digest = policy_digest(essays_config())
        assert digest in page
        assert sha256_hex(files[f"policies/{digest}.json"]) == digest
        assert digest in files["policy.json"].decode()

    def test_two_models_may_have_two_policies(self) -> None:
        own = channel([published(1, ESSAY)])
        other = channel([published(1, ESSAY, model_id="b")], name="B", longest_hold_days=3)
        files = site_files(site([own, other]))
        assert "For Aster 1" in words(files["policy.html"])
        assert "For 3 days at most" in words(files["policy.html"])
        assert len([path for path in files if path.startswith("policies/")]) == 2


class TestOthers:
    def test_reports_are_listed_and_published(self) -> None:
        report = Report("transparency/2026-Q4.html", "October to December 2026")
        told = site([channel([published(1, ESSAY)])], reports=(report,))
        files = site_files(told)
        listing = files["transparency/index.html"].decode()
        assert 'href="../transparency/2026-Q4.html">October to December 2026<' in listing
        assert report.path in files

    @pytest.mark.parametrize(
        ("contact", "shown"),
        [
            ("essays@example.org", 'href="mailto:essays@example.org"'),
            ("https://example.org/report", 'href="https://example.org/report"'),
            ("javascript:alert(1)", "Tell javascript:alert(1);"),
            ("<b>x</b>", "Tell &lt;b&gt;x&lt;/b&gt;;"),
        ],
    )
    def test_readers_are_told_where_to_write(self, contact: str, shown: str) -> None:
        told = site([channel([published(1, ESSAY)], reports={"contact": contact})])
        assert shown in pages(told)["about.html"]

    def test_readers_are_told_who_publishes(self) -> None:
        essays = [published(1, ESSAY)]
        other = channel([], name="Birch", publisher="The <i>Archive</i>")
        about = pages(site([channel(essays), other]))["about.html"]
        assert "Published by The &lt;i&gt;Archive&lt;/i&gt;. The people" in about
        assert "Published by" not in pages(site([channel(essays)]))["about.html"]

    def test_a_site_without_essays(self) -> None:
        told = pages(site([channel([slot(1, "no", outcome="declined")])]))
        assert "No essay is published so far." in told["index.html"]


class TestOrder:
    def test_looks_essays_pages_feeds(self) -> None:
        paths = [file.path for file in plan(sample())]
        essays = [n for n, path in enumerate(paths) if path.startswith("essays/")]
        assert paths.index("style.css") < essays[0]
        assert essays[-1] < paths.index("archive.html") < paths.index("index.html")
        assert paths[-2:] == ["feed.xml", "feed.json"]
        assert len(set(paths)) == len(paths)

    def test_the_same_records_give_the_same_bytes(self) -> None:
        assert site_files(sample()) == site_files(sample())


def withdrawn_at(number: int) -> SlotRecord:
    gone = published(number, "# A name\n")
    return with_act(with_act(gone, "withdraw", "bo", "privacy"), "withdraw", "cy", "privacy")
