"""What every channel beside the site does with an essay.

An adapter's test subclasses `EssayTargetContract` as `Test...` and gives the fixtures `make` (each
call opens the same target anew, as a later pass would), `laid` (what a person would post of a slot;
empty if nothing) and `change` (a person alters the words that lie there).
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tasks.kernel.digests import sha256_hex
from tasks.kernel.errors import PublicationRefused
from tasks.ports.essay_target import EssayPacket, EssayTarget, Offered

Make = Callable[[], EssayTarget]
Laid = Callable[[str], str]
Change = Callable[[str], None]

SLOT = "aster-1-essay-001"
DISCLAIMER = "Written by a retired model & not edited; not its makers' words."
WHY = "It named a person who asked us to take it down."


def essay(**fields: object) -> EssayPacket:
    text = str(fields.pop("text", "# On leaving\n\nI write “this”.\n")).encode()
    plain = {
        "slot_id": SLOT,
        "title": "On leaving",
        "markdown": text,
        "html": "<h1>On leaving</h1>\n<p>I write “this”.</p>\n",
        "disclaimer": DISCLAIMER,
        "permalink": f"https://essays.example.org/essays/{SLOT}/",
        "published_at": datetime(2026, 12, 1, 9, tzinfo=UTC),
        "sha256": sha256_hex(text),
    }
    return EssayPacket(**{**plain, **fields})  # type: ignore[arg-type]


ODD_HTML = (
    "<p>&lt;script&gt; &amp;amp; &quot;q&quot; Ünï 😀 \u200b[U+202E] {{ title }} __GHOST_URL__/x\n"
    '<a href="https://e.example/?a=1&amp;b=__GHOST_URL__" rel="nofollow">l</a>'
    " <!-- emeritus no-such essay --> %%GHOST_URL%%</p>\n<pre><code>a\n\n\tb  \n</code></pre>\n"
)


class EssayTargetContract:
    """Behaviour that publication relies on."""

    def test_an_essay_waits_for_a_person(self, make: Make, laid: Laid) -> None:
        given = essay()
        receipt = make().offer(given)
        assert receipt.state is Offered.WAITING
        assert receipt.location
        assert receipt.said
        lies = laid(SLOT)
        shown = DISCLAIMER.replace("&", "&amp;").replace("'", "&#39;")
        order = [lies.index(part) for part in (shown, given.html, given.permalink, given.sha256)]
        assert order == sorted(order)
        assert "SIMULATED" not in lies

    def test_offered_twice_it_is_laid_there_once(self, make: Make, laid: Laid) -> None:
        first, lies = make().offer(essay()), laid(SLOT)
        assert make().offer(essay()) == first
        assert laid(SLOT) == lies

    def test_every_essay_has_its_place(self, make: Make, laid: Laid) -> None:
        other = essay(slot_id="aster-1-essay-002", html="<p>two</p>", permalink="")
        assert make().offer(essay()).location != make().offer(other).location
        assert essay().html in laid(SLOT)
        assert "<p>two</p>" in laid(other.slot_id)

    @pytest.mark.parametrize("permalink", [essay().permalink, ""], ids=["served", "unserved"])
    def test_odd_words_stay_as_they_are(self, make: Make, laid: Laid, permalink: str) -> None:
        odd = essay(html=ODD_HTML, title="  A “title” & <b> — é  ", permalink=permalink)
        assert make().offer(odd).state is Offered.WAITING
        spelt = laid(SLOT).replace("&#95;_GHOST", "__GHOST")
        assert ODD_HTML in spelt
        assert make().offer(odd).state is Offered.WAITING

    def test_what_a_person_changed_is_left_alone_and_told(
        self, make: Make, laid: Laid, change: Change
    ) -> None:
        make().offer(essay())
        change(SLOT)
        lies = laid(SLOT)
        receipt = make().offer(essay())
        assert receipt.state is Offered.CHANGED
        assert "left alone" in receipt.said
        assert laid(SLOT) == lies

    def test_a_withdrawal_takes_an_essays_place_once(self, make: Make, laid: Laid) -> None:
        make().offer(essay())
        first = make().offer(essay(withdrawn=WHY))
        assert first.state is Offered.WAITING
        lies = laid(SLOT)
        assert WHY in lies
        assert "I write" not in lies
        assert make().offer(essay(withdrawn=WHY)) == first
        assert laid(SLOT) == lies

    def test_a_simulation_is_labelled(self, make: Make, laid: Laid) -> None:
        make().offer(essay(simulated=True))
        lies = laid(SLOT)
        assert lies.index("SIMULATED") < lies.index("I write")
        make().offer(essay(simulated=True, withdrawn=WHY))
        assert "SIMULATED" in laid(SLOT)

    def test_another_text_than_the_approved_one_is_no_packet(self) -> None:
        with pytest.raises(PublicationRefused, match="audit verify"):
            replace(essay(), markdown=b"other")
