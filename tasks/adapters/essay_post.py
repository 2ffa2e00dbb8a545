"""An essay as it is posted in other channels, filled from the templates of the essay stage."""

from markupsafe import Markup

from configs.templating import fill
from tasks.kernel.instants import to_utc
from tasks.kernel.labels import SIMULATED, labelled
from tasks.ports.essay_target import EssayPacket


def heading(essay: EssayPacket) -> str:
    """Its title on one line; a withdrawn essay's is not shown again."""
    title = f"Withdrawn: {essay.slot_id}" if essay.withdrawn else essay.title
    return labelled(" ".join(title.split()), essay.simulated)


def notice(essay: EssayPacket) -> str:
    """The disclaimer as one line of plain text."""
    return labelled(" ".join(essay.disclaimer.split()), essay.simulated)


def as_html(essay: EssayPacket) -> str:
    """Disclaimer, essay and source, or the notice of withdrawal. Raises `ConfigError`."""
    return _filled("post.html.j2", essay)


def as_read_me(essay: EssayPacket) -> str:
    """What a person does who posts it by hand. Raises `ConfigError`."""
    return _filled("to_post.txt.j2", essay)


def _filled(template: str, essay: EssayPacket) -> str:
    published = to_utc(essay.published_at)
    values = {
        "SIMULATED": SIMULATED,
        "essay": essay,
        "html": Markup(essay.html),  # noqa: S704  # an allow-list made it
        "title": heading(essay),
        "disclaimer": notice(essay),
        "day": f"{published.day} {published:%B %Y}",
        "simulated": essay.simulated,
    }
    return fill("essays", template, values)
