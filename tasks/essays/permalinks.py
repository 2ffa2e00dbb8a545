"""Where readers find an essay. Pure."""

from configs.schema.essays import EssaysConfig


def permalink(config: EssaysConfig, slot_id: str) -> str:
    """The essay's address; empty while nothing serves the site."""
    return f"{config.site_url.rstrip('/')}/essays/{slot_id}/" if config.site_url else ""
