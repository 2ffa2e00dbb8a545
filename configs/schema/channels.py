"""Ways in which owners are told: a mail server, and webhooks."""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from configs.schema.base import Section
from configs.schema.secret import HOW, SecretReference


def on_loopback(host: str) -> bool:
    """Whether a host is this machine, as far as its name tells."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


class SmtpConfig(Section):
    """The mail server that takes notices. Its password never stands here."""

    host: str = Field(min_length=1, max_length=253, description="The server's name or address.")
    port: int = Field(default=587, ge=1, le=65_535, description="Its port; 465 for `tls`.")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="`starttls` or `tls`, the certificate always checked; `none` sends in plain, "
        "on this machine only, or where `plain_text_allowed` says so.",
    )
    plain_text_allowed: bool = Field(
        default=False, description="True lets `security: none` leave this machine."
    )
    ca_file: Path | None = Field(
        default=None,
        description="Certificates to trust instead of the system's, for a server with one of your "
        "own; relative to EMERITUS_HOME.",
    )
    username: str = Field(default="", max_length=200, description="Account; empty for no login.")
    password_env: SecretReference = Field(default="", description=f"The account's password. {HOW}")
    timeout_seconds: float = Field(
        default=30.0, gt=0, le=600, description="Longest wait for the server's next word."
    )

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if bool(self.username) != bool(self.password_env):
            raise ValueError("a login needs both 'username' and 'password_env'; add the other one")
        plain = self.security == "none" and not self.plain_text_allowed
        if plain and not on_loopback(self.host):
            raise ValueError(
                f"security 'none' would send mail to {self.host} in plain; write 'starttls' or "
                "'tls', or allow it with plain_text_allowed"
            )
        return self


class WebhookConfig(Section):
    """An address that is sent each event once, as JSON, in the form of Standard Webhooks."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$", description="Its name in records and messages."
    )
    url: str = Field(
        default="",
        pattern=r"^(https?://[^\s@]+)?$",
        description="Its address, where that is no secret. One of `url` and `url_env`.",
    )
    url_env: SecretReference = Field(
        default="",
        description="Its address, where whoever knows it may post, as with most chat systems. "
        f"{HOW}",
    )
    secret_env: SecretReference = Field(
        default="",
        description=f"The signing secret (`whsec_...`, base64); unsigned without one. {HOW}",
    )
    plain_text_allowed: bool = Field(
        default=False, description="True lets an http address leave this machine."
    )
    kinds: tuple[
        Annotated[str, Field(pattern=r"^(announcement|changed|T-[0-9]+|T\+[0-9]+)$")], ...
    ] = Field(
        default=(),
        description="Events to send, such as `announcement`, `T-30`, or `changed` for dates that "
        "moved; all if empty.",
    )
    timeout_seconds: float = Field(
        default=20.0, gt=0, le=120, description="Longest wait for its answer."
    )

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if bool(self.url) == bool(self.url_env):
            raise ValueError("a webhook needs one of 'url' and 'url_env'; write exactly one")
        return self


class ChannelsConfig(Section):
    """How owners are told: mail by the outbox folder or by SMTP, and webhooks beside it."""

    smtp: SmtpConfig | None = Field(
        default=None, description="Sends the mail; without it, mail is written to outbox_folder."
    )
    webhooks: tuple[WebhookConfig, ...] = Field(
        default=(), description="Addresses that get each event once, whoever the owners are."
    )

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        names = [webhook.name for webhook in self.webhooks]
        if len(set(names)) < len(names):
            raise ValueError("a webhook's name stands twice; give each one a name of its own")
        return self
