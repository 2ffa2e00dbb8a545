"""Who decides on access, and on which grounds."""

from pathlib import Path

from pydantic import Field

from configs.schema.applications import ApplicationsConfig
from configs.schema.base import Section
from configs.schema.candidate import RiskClass
from configs.schema.decision import CostsConfig, DecisionConfig
from configs.schema.gateway import GatewayConfig
from configs.schema.withdrawal import WithdrawalConfig


class AccessConfig(Section):
    """The access decision and the people who sign it."""

    proposer: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]*$",
        max_length=120,
        description="Person who proposes, by their name in the list of allowed signers; their "
        "signature does not count as an approval.",
    )
    allowed_signers: Path = Field(
        description="OpenSSH allowed_signers file; a relative path stands under configs/people/."
    )
    revoked_signers: Path | None = Field(
        default=None,
        description="Public keys that no longer count, one a line, or an OpenSSH KRL; a relative "
        "path stands under configs/people/. Left out, none is revoked.",
    )
    signatures_folder: Path = Field(
        default=Path("signatures"),
        description="Folder of signature files committed to git, "
        "<model>/<packet>-<person>.sig; a relative path stands under configs/people/.",
    )
    approvals_needed: int = Field(
        default=2, ge=2, description="Different people, with different keys, who must sign."
    )
    packet_expiry_days: int = Field(
        default=14, ge=1, description="After this long unsigned packets are void."
    )
    highest_risk_class: RiskClass = Field(
        default="moderate", description="Access is knocked out above this class."
    )
    monthly_cost_ceiling_usd: float = Field(
        default=10_000.0, ge=0, description="Access is knocked out above this cost a month."
    )
    monthly_cost_usd: float = Field(
        default=0.0,
        ge=0,
        description="Estimated cost a month of keeping the model served at all, without a call.",
    )
    pilot_days: int = Field(
        default=180, ge=1, description="Term of the grants; the decision is revisited then."
    )
    revisit_lead_days: int = Field(
        default=30,
        ge=0,
        description="So long before the term ends a new decision may be proposed and signed, so "
        "that nobody loses access between the two; half the term at most.",
    )
    grants_folder: Path = Field(
        default=Path("grants"),
        description="Where the grants file for gateways is written; relative to EMERITUS_HOME.",
    )
    decision: DecisionConfig = Field(
        default=DecisionConfig(), description="Scales, weights and people's notes."
    )
    costs: CostsConfig = Field(
        default=CostsConfig(), description="What the cost projection assumes."
    )
    paid_users: tuple[str, ...] = Field(
        default=(),
        description="Paying users who may hold a key under the grant `paid_users`, once people "
        "signed a packet that names them.",
    )
    gateway: GatewayConfig = Field(default=GatewayConfig(), description="What enforces the grants.")
    applications: ApplicationsConfig = Field(
        default=ApplicationsConfig(), description="How researchers apply for access."
    )
    withdrawal: WithdrawalConfig = Field(
        default=WithdrawalConfig(), description="How callers without a grant are let go."
    )
