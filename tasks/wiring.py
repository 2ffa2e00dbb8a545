"""Configuration to adapter: the only place that chooses one."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from configs.home import database_url, under_home
from configs.load import PEOPLE
from configs.schema.access import AccessConfig
from configs.schema.communication import CommunicationConfig
from configs.schema.endpoint import EndpointConfig
from configs.schema.essays import EssaysConfig
from configs.schema.preservation import PreservationConfig
from tasks.adapters.directory_archive import DirectoryArchive
from tasks.adapters.directory_publisher import DirectoryPublisher
from tasks.adapters.grants_file import GrantsFile
from tasks.adapters.outbox import Outbox
from tasks.adapters.source_folder import SourceFolder
from tasks.adapters.ssh_signatures import SshSignatures
from tasks.adapters.system_clock import SystemClock
from tasks.ports.archive import Archive
from tasks.ports.clock import Clock
from tasks.ports.gateway import AccessGateway
from tasks.ports.notifier import Notifier
from tasks.ports.publisher import Publisher
from tasks.ports.respondent import Respondent
from tasks.ports.source import Source
from tasks.ports.signatures import SignatureVerifier
from tasks.records import Book, open_book

_SYSTEM_CLOCK = SystemClock()
_clock: ContextVar[Clock | None] = ContextVar("clock", default=None)


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
    return open_book(database_url())


def respondent(config: EndpointConfig) -> Respondent:
    """A model's endpoint. Raises `EndpointFault` when its key is not set."""
    from tasks.adapters.anthropic_api import AnthropicRespondent  # a second to import

    return AnthropicRespondent(config)


def archives(config: PreservationConfig) -> tuple[Archive, ...]:
    """The replicas' places, in the configuration's order."""
    return tuple(
        DirectoryArchive(replica.name, under_home(replica.directory)) for replica in config.replicas
    )


def source(config: PreservationConfig) -> Source:
    """The folder of weights."""
    return SourceFolder(under_home(config.source_folder))


def publisher(config: EssaysConfig) -> Publisher:
    """Where essays become public."""
    return DirectoryPublisher(under_home(config.site_folder))


def pages(config: CommunicationConfig) -> Publisher:
    """Where help pages become public."""
    return DirectoryPublisher(under_home(config.pages_folder))


def notifier(config: CommunicationConfig) -> Notifier:
    """How owners are told."""
    return Outbox(under_home(config.outbox_folder))


def gateway(config: AccessConfig) -> AccessGateway:
    """What enforces grants."""
    return GrantsFile(under_home(config.grants_folder))


def signatures(config: AccessConfig) -> SignatureVerifier:
    """How people's signatures are checked."""
    return SshSignatures(PEOPLE / config.allowed_signers)
