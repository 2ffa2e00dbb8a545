"""How a model is withdrawn at the gateway."""

from pydantic import Field

from configs.schema.base import Section


class WithdrawalConfig(Section):
    """Headers, brownouts and redirects on the way to the last day."""

    information_url: str = Field(
        default="", description="Page that callers are pointed to; empty for none."
    )
