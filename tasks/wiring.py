"""Configuration to adapter: the only place that chooses one."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from pathlib import Path

from configs.home import database_url, under_home
from configs.load import PEOPLE
from configs.schema.access import AccessConfig
from configs.schema.channels import SmtpConfig
from configs.schema.communication import CommunicationConfig
from configs.schema.endpoint import EndpointConfig
from configs.schema.essay_targets import TargetConfig
from configs.schema.essays import ContextConfig, EssaysConfig
from configs.schema.monitoring_sources import AnthropicAdminSource, FileSourceConfig
from configs.schema.preservation import PreservationConfig, ReplicaConfig
from tasks.adapters.allowed_signers import check_allowed_signers
from tasks.adapters.directory_archive import DirectoryArchive
from tasks.adapters.directory_publisher import DirectoryPublisher
from tasks.adapters.grant_signing import GrantSigning
from tasks.adapters.grants_file import GrantsFile
from tasks.adapters.memory_source import MemorySource
from tasks.adapters.outbox import Outbox
from tasks.adapters.source_folder import SourceFolder
from tasks.adapters.ssh_signatures import SshSignatures, revoked_list
from tasks.adapters.system_clock import SystemClock
from tasks.ports.archive import Archive
from tasks.ports.batches import Batches
from tasks.ports.checks import Check
from tasks.ports.cipher import Cipher, Decipher
from tasks.ports.clock import Clock
from tasks.ports.essay_target import EssayTarget
from tasks.ports.exports import Exports
from tasks.ports.feeds import FeedReader
from tasks.ports.gateway import AccessGateway
from tasks.ports.manifest_signature import ManifestSigner, ManifestVerifier
from tasks.ports.notifier import EventHook, Notifier
from tasks.ports.organization_report import OrganizationReport
from tasks.ports.publisher import Publisher
from tasks.ports.respondent import Respondent
from tasks.ports.signatures import SignatureVerifier
from tasks.ports.source import Source
from tasks.records import Book, open_book
from tasks.records.looking import open_to_look

_SYSTEM_CLOCK = SystemClock()
_clock: ContextVar[Clock | None] = ContextVar("clock", default=None)
_book: ContextVar[Book | None] = ContextVar("book", default=None)


def clock() -> Clock:
    """The clock in force."""
    return _clock.get() or _SYSTEM_CLOCK


@contextmanager
def using_clock(other: Clock) -> Iterator[None]:
    """Another clock within the block, for tests and drills."""
    token = _clock.set(other)
    try:
        yield
    finally:
        _clock.reset(token)


def book() -> Book:
    """The records. Raises `RecordsUnusable`."""
    return _book.get() or open_book(database_url())


@contextmanager
def only_looking() -> Iterator[Book]:
    """The records as they are within the block: none is made, migrated or written; empty if none.

    Raises:
        RecordsUnusable: not reachable, or made by another version.
    """
    found = open_to_look(database_url())
    token = _book.set(found)
    try:
        yield found
    finally:
        _book.reset(token)


def respondent(config: EndpointConfig) -> Respondent:
    """A model's endpoint. Raises `EndpointFault` when its credentials can't be read."""
    from tasks.adapters.anthropic_api import AnthropicRespondent  # a second to import

    return AnthropicRespondent(config, clock().now)


def batches(config: EndpointConfig) -> Batches:
    """Message batches of a model's endpoint. Raises `EndpointFault` as `respondent` does."""
    from tasks.adapters.anthropic_batches import AnthropicBatches

    return AnthropicBatches(config, clock().now)


def endpoint_checks(
    config: EndpointConfig, *, free: bool = False, retires_on: date | None = None
) -> tuple[Check, ...]:
    """What a model's endpoint really has, asked; at most one token is paid for."""
    from tasks.adapters.endpoint_checks import preflight

    return preflight(config, clock().now, free=free, retires_on=retires_on)


def organization_report(config: AnthropicAdminSource) -> OrganizationReport:
    """An organization's own report of usage or cost."""
    from tasks.adapters.anthropic_usage import AnthropicUsage

    return AnthropicUsage(config)


def exports(config: FileSourceConfig) -> Exports:
    """The bucket that holds a source's files."""
    from tasks.adapters.s3_exports import S3Exports  # boto3 is slow to import

    assert config.bucket is not None, "asked for only where the source is in a bucket"
    return S3Exports(config.bucket, config.pattern)


def news_feeds(config: ContextConfig) -> FeedReader:
    """Reads the news feeds of an essay's context."""
    from tasks.adapters.news_feed import NewsFeedReader  # httpx and feedparser are slow to import

    return NewsFeedReader(config, clock().now)


def archives(config: PreservationConfig) -> tuple[Archive, ...]:
    """The replicas' places, in the configuration's order."""
    return tuple(_archive(replica) for replica in config.replicas)


def _archive(replica: ReplicaConfig) -> Archive:
    if replica.s3 is not None:
        from tasks.adapters.s3_archive import S3Archive  # boto3 is slow to import

        return S3Archive(replica.name, replica.s3)
    assert replica.directory is not None, "the schema asks for one of the two"
    return DirectoryArchive(replica.name, under_home(replica.directory))


def bucket_checks(replica: ReplicaConfig) -> tuple[Check, ...]:
    """What a replica's bucket really has, tried with probes."""
    from tasks.adapters.s3_archive import S3Archive
    from tasks.adapters.s3_preflight import preflight

    assert replica.s3 is not None, "asked for only where the replica is a bucket"
    return preflight(S3Archive(replica.name, replica.s3))


def source(config: PreservationConfig) -> Source:
    """The folder of weights, which the configuration must name."""
    assert config.source_folder is not None, "asked for only where weights are held"
    return SourceFolder(under_home(config.source_folder))


def made_source(files: Mapping[str, bytes]) -> Source:
    """A payload that Emeritus made itself: path -> bytes."""
    return MemorySource(files)


def cipher(config: PreservationConfig) -> Cipher | None:
    """Encrypts for the recipients; None without any."""
    if not config.recipients:
        return None
    from tasks.adapters.age_cipher import AgeCipher

    return AgeCipher(config.recipients)


def decipher(config: PreservationConfig, identity_file: Path | None = None) -> Decipher | None:
    """Opens what was encrypted; None where no identity may stand here.

    Raises:
        DecryptionRefused: the identity file can't be used.
    """
    file = identity_file or config.identity_file
    if file is None:
        return None
    from tasks.adapters.age_cipher import AgeDecipher

    return AgeDecipher(under_home(file))


def signer(config: PreservationConfig) -> ManifestSigner:
    """Signs packages; makes the key on first use. Raises `ManifestSignatureRefused`."""
    from tasks.adapters.model_signature import EcModelSigner, make_key_if_missing

    file = under_home(config.signing_key_file)
    make_key_if_missing(file)
    return EcModelSigner(file)


def verifier(public_key: str) -> ManifestVerifier:
    """Checks package signatures against a public key (PEM)."""
    from tasks.adapters.model_signature import EcModelVerifier

    return EcModelVerifier(public_key)


def publisher(config: EssaysConfig) -> Publisher:
    """Where essays become public."""
    return DirectoryPublisher(under_home(config.site_folder))


def site_address(config: EssaysConfig) -> str:
    """Where people reach the site of essays; empty while nothing serves it."""
    return f"{config.site_url.rstrip('/')}/" if config.site_url else ""


def site_copy(config: EssaysConfig) -> Publisher | None:
    """The bucket that the site is copied to; None without one."""
    if config.site_s3 is None:
        return None
    from tasks.adapters.s3_publisher import S3Publisher  # boto3 is slow to import

    return S3Publisher(config.site_s3, config.site_url)


def sites(config: EssaysConfig) -> tuple[Publisher, ...]:
    """Wherever the site is public: its own folder first, then the bucket that it is copied to."""
    copy = site_copy(config)
    return (publisher(config),) if copy is None else (publisher(config), copy)


def review_pages(folder: Path) -> Publisher:
    """Pages for reviewers alone: whoever may enter the folders is left to the umask."""
    return DirectoryPublisher(under_home(folder), public=False)


def essay_target(config: TargetConfig) -> EssayTarget:
    """A channel beside the site. Raises `ConfigError` when its key or address can't be used."""
    if config.kind == "manual":
        from tasks.adapters.manual_packet import ManualPacket

        return ManualPacket(under_home(config.folder))
    from tasks.adapters.ghost import Ghost  # httpx is slow to import

    return Ghost(config, lambda: clock().now())


def essay_checks(config: EssaysConfig) -> tuple[Check, ...]:
    """Feeds, channels and the bucket that essays rely on, tried; nothing is posted or written."""
    from tasks.adapters import essay_checks as tried

    found = list(tried.feed_checks(config.context, clock().now))
    if config.site_s3 is not None:
        found.append(tried.site_check(config.site_s3))
    for target in config.targets:
        if target.kind == "manual":
            found.append(tried.folder_check(target.name, under_home(target.folder)))
        else:
            found.append(tried.ghost_check(target, clock().now))
    return tuple(found)


def site_records() -> Publisher:
    """What was built of each site; for ourselves alone."""
    return DirectoryPublisher(under_home(Path("site-builds")), public=False)


def pages(config: CommunicationConfig) -> Publisher:
    """Where help pages become public."""
    return DirectoryPublisher(under_home(config.pages_folder))


def page_address(config: CommunicationConfig, path: str) -> str:
    """Where people find a page: under `pages_url`, or the file while nothing serves it."""
    if config.pages_url:
        return f"{config.pages_url.rstrip('/')}/{path}"
    return pages(config).location(path)


def notifier(config: CommunicationConfig) -> Notifier:
    """How mail goes out. Raises `ConfigError` when a password is not set."""
    smtp = config.channels.smtp
    if smtp is None:
        return Outbox(under_home(config.outbox_folder))
    from tasks.adapters.smtp import Smtp

    return Smtp(smtp, _ca_file(smtp))


def event_hook(config: CommunicationConfig, name: str) -> EventHook:
    """A webhook by its name. Raises `ConfigError` when its address or secret can't be used."""
    from tasks.adapters.webhook import Webhook

    return Webhook(next(hook for hook in config.channels.webhooks if hook.name == name))


def channel_checks(config: CommunicationConfig) -> tuple[Check, ...]:
    """Whether mail server and webhooks can be used, tried without telling anybody anything."""
    from tasks.adapters.channel_checks import (
        no_address_check,
        outbox_check,
        smtp_check,
        webhook_check,
    )

    smtp = config.channels.smtp
    mail = (
        outbox_check(under_home(config.outbox_folder))
        if smtp is None
        else smtp_check(smtp, _ca_file(smtp))
    )
    pages = () if config.pages_url else (no_address_check(),)
    return (mail, *(webhook_check(hook) for hook in config.channels.webhooks), *pages)


def _ca_file(smtp: SmtpConfig) -> Path | None:
    return under_home(smtp.ca_file) if smtp.ca_file else None


def gateway(config: AccessConfig) -> AccessGateway:
    """What enforces grants."""
    settings = config.gateway
    signing = GrantSigning(under_home(settings.signing_key_file))
    file = GrantsFile(under_home(config.grants_folder), signing, book(), lambda: clock().now())
    if settings.adapter == "grants_file":
        return file
    from tasks.adapters.litellm_api import LiteLLMApi  # httpx is slow to import
    from tasks.adapters.litellm_keys import LiteLLMKeys

    api = LiteLLMApi(
        settings.url,
        settings.master_key_env,
        timeout_seconds=settings.timeout_seconds,
        attempts=settings.attempts,
    )
    return LiteLLMKeys(api, file, lambda: clock().now())


def signatures(config: AccessConfig) -> SignatureVerifier:
    """How people's signatures are checked. Raises `ConfigError` where a named list is missing."""
    revoked = revoked_list(PEOPLE, config.revoked_signers)
    return SshSignatures(PEOPLE / config.allowed_signers, revoked)


def people_files(config: AccessConfig) -> dict[str, bytes]:
    """Who may sign, and which keys are revoked, as OpenSSH reads them. Raises `ConfigError`."""
    entries = check_allowed_signers(PEOPLE / config.allowed_signers)
    lines = [entry.line_for(name) for entry in entries for name in entry.names]
    files = {"allowed_signers": "".join(lines).encode()}
    if (revoked := revoked_list(PEOPLE, config.revoked_signers)) is not None:
        files["revoked_signers"] = revoked.read_bytes()
    return files


def secrets_at_hand(references: set[str]) -> dict[str, str]:
    """Reference -> value of every secret that can be read here, to look for them; never to show."""
    from tasks.adapters.secrets import resolved

    return resolved(references)


def people_checks(config: AccessConfig, namespace: str) -> tuple[Check, ...]:
    """Whether enough people can sign for a purpose."""
    from tasks.adapters.people_checks import people_checks as examined

    return tuple(examined(config, PEOPLE, clock().now(), namespace))
