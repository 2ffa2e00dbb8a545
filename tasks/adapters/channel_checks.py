"""What the channels really have, tried without telling anybody anything."""

import os
from pathlib import Path

from configs.schema.channels import SmtpConfig, WebhookConfig
from tasks.adapters.files import nearest
from tasks.adapters.smtp import Smtp
from tasks.adapters.webhook import Webhook
from tasks.kernel.errors import ConfigError, told
from tasks.ports.checks import Check


def smtp_check(config: SmtpConfig, ca_file: Path | None) -> Check:
    """Connect, encrypt, log in, leave; no message is sent."""
    name = f"mail by {config.host}"
    try:
        with Smtp(config, ca_file).connected() as server:
            server.noop()
    except ConfigError as error:
        return Check(name, "fail", str(error))
    except OSError as error:
        return Check(name, "fail", f"{told(error)}; later passes try again")
    how = {"starttls": "STARTTLS", "tls": "TLS", "none": "in plain"}[config.security]
    who = f", logged in as {config.username}" if config.username else ", no login"
    return Check(name, "ok", f"port {config.port}, {how}{who}; no mail was sent")


def webhook_check(config: WebhookConfig) -> Check:
    """Whether address and secret are there and can be used; nothing is posted."""
    name = f"webhook {config.name}"
    try:
        Webhook(config)
    except ConfigError as error:
        return Check(name, "fail", str(error))
    if not config.secret_env:
        return Check(name, "warn", "unsigned: a receiver can't tell who posts; set secret_env")
    return Check(name, "ok", "address and secret are set; nothing was posted")


def no_address_check() -> Check:
    """What is missing where nothing serves the pages."""
    said = (
        "pages_url is not set: notices can't point to help and calendar, nor the feed to a source"
    )
    return Check("pages", "warn", said)


def outbox_check(folder: Path) -> Check:
    """Whether mail can be put there."""
    name = "mail by outbox"
    there = nearest(folder)
    if not there.is_dir() or not os.access(there, os.W_OK):
        return Check(name, "fail", f"{there} can't be written into; mend outbox_folder")
    return Check(
        name, "warn", f"notices are files in {folder}; a person or a mail system sends them"
    )
