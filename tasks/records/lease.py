"""One writer a model: a lease with a fencing token, checked inside every write.

A holder that died on this machine is known dead at once (its process is gone), so that a pass can
follow a killed one directly; one on another machine is dead when its lease runs out.
"""

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict
from sqlalchemy import update
from sqlmodel import Field, Session, select

from tasks.kernel.errors import FenceLost, LeaseHeld
from tasks.kernel.instants import to_minute
from tasks.records.columns import Row, instant_field, text_field

TERM = timedelta(seconds=60)


class Lease(Row, table=True):
    """Who may write a model's rows. Not audited: it tells of processes, not of the model."""

    __tablename__ = "lease"

    model_id: str = Field(primary_key=True)
    token: int
    holder: str = text_field()  # Holder as JSON; empty when free
    flow_run_id: str = ""
    expires_at: datetime = instant_field()


_LEASES = Lease.__table__  # type: ignore[attr-defined]  # plain statements cost a third of rows


class Fence(BaseModel):
    """The right to write one model's rows, good until a later token is given out.

    Attributes:
        model_id: whose rows.
        token: compared inside every write.
        config_commit: git commit of the configurations that the pass goes by; empty without one.
            Every entry that the pass adds to the audit chain holds it.
    """

    model_config = ConfigDict(frozen=True)

    model_id: str
    token: int
    config_commit: str = ""


class Holder(BaseModel):
    """A process, named so that another one on the same machine can tell whether it lives."""

    model_config = ConfigDict(frozen=True)

    host: str
    boot: int
    namespace: str
    pid: int
    started: float

    @classmethod
    def me(cls) -> "Holder":
        """This process."""
        return cls(
            host=socket.gethostname(),
            boot=int(psutil.boot_time()) // 10,  # it jitters by a second
            namespace=_pid_namespace(),
            pid=os.getpid(),
            started=psutil.Process().create_time(),
        )

    def is_known_dead(self) -> bool:
        """True when the process ran here and is gone; False when it lives or can't be judged."""
        here = Holder.me()
        if (self.host, self.boot, self.namespace) != (here.host, here.boot, here.namespace):
            return False
        try:
            process = psutil.Process(self.pid)
            alive = process.status() != psutil.STATUS_ZOMBIE
            return not alive or abs(process.create_time() - self.started) > 1
        except psutil.NoSuchProcess:
            return True


@dataclass(frozen=True, slots=True)
class Taken:
    """A lease just acquired.

    Attributes:
        fence: to be handed to every write.
        died_run: Prefect flow run of a holder that died, to be closed; or empty.
    """

    fence: Fence
    died_run: str


def _pid_namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""  # no Linux: one namespace


def acquire(session: Session, model_id: str, flow_run_id: str, now: datetime) -> Taken:
    """Take the lease, from nobody or from a dead holder.

    Raises:
        LeaseHeld: a living pass, or one that can't be judged yet, holds it.
    """
    lease = session.exec(
        select(Lease).where(Lease.model_id == model_id).with_for_update()
    ).one_or_none()
    if lease is None:
        lease = Lease(model_id=model_id, token=0, holder="", expires_at=now)
        session.add(lease)
    died = ""
    if lease.holder:
        holder = Holder.model_validate_json(lease.holder)
        if lease.expires_at > now and not holder.is_known_dead():
            raise LeaseHeld(
                f"{model_id}: another pass is under way (process {holder.pid} on {holder.host}, "
                f"lease until {to_minute(lease.expires_at)}); wait for it, or try again later"
            )
        died = lease.flow_run_id
    lease.token += 1
    lease.holder = Holder.me().model_dump_json()
    lease.flow_run_id = flow_run_id
    lease.expires_at = now + TERM
    session.flush()
    return Taken(Fence(model_id=model_id, token=lease.token), died)


def holding(session: Session, now: datetime) -> dict[str, bool]:
    """Prefect flow run -> whether it holds its lease still, or died with it. Reads only.

    A run that gave its lease back is not named. One whose term has just ended may be late: it
    counts as dead once another term has passed.
    """
    told = {}
    for lease in session.exec(select(Lease).where(Lease.holder != "", Lease.flow_run_id != "")):
        died = lease.expires_at + TERM < now
        died = died or Holder.model_validate_json(lease.holder).is_known_dead()
        told[lease.flow_run_id] = not died
    return told


def check(session: Session, fence: Fence, now: datetime, *, free: bool = False) -> None:
    """Prove inside a write that the fence still holds, and extend its lease (or free it).

    Raises:
        FenceLost: a later pass took the lease.
    """
    held = update(_LEASES).where(
        _LEASES.c.model_id == fence.model_id,
        _LEASES.c.token == fence.token,
        _LEASES.c.holder != "",
    )
    freed = {"holder": "", "flow_run_id": ""} if free else {}
    found = session.execute(held.values(expires_at=now if free else now + TERM, **freed))
    if found.rowcount != 1:  # type: ignore[attr-defined]  # an update has one
        raise FenceLost(
            f"{fence.model_id}: this pass lost its lease to a later one and wrote nothing more; "
            "the later pass goes on from the records"
        )
