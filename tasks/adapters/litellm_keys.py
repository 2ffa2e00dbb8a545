"""Grants as virtual keys of LiteLLM, by its key API; and the signed file beside them.

LiteLLM enforces a key's models and its end by itself. The file is for its hooks, which carry out a
withdrawal and look there for who holds a grant: LiteLLM knows a key by the same SHA-256.
"""

import fnmatch
import math
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from typing import Any

from tasks.adapters.grants_file import GrantsFile
from tasks.adapters.litellm_api import LiteLLMApi, LiteLLMRefused
from tasks.kernel.instants import to_minute
from tasks.ports.gateway import Applied, GrantedAccess, IssuedKey, KeyAtGateway

_ALIAS = "emeritus"
_NOT_FOUND = 404
_OPENS_ALL = {"all-proxy-models", "all-team-models"}
_OPENS_NONE = "no-default-models"


class LiteLLMKeys:
    """Makes, compares and blocks virtual keys.

    Args:
        api: the proxy.
        file: the signed grants file.
        now: tells the time, for a key's term.
    """

    name = "litellm_keys"
    tells_term = True

    def __init__(self, api: LiteLLMApi, file: GrantsFile, now: Callable[[], datetime]) -> None:
        self._api, self._file, self._now = api, file, now

    def exclusively(self) -> AbstractContextManager[None]:
        """See `ports.gateway.AccessGateway`."""
        return self._file.exclusively()

    def apply(
        self,
        model_id: str,
        names: Sequence[str],
        grants: Sequence[GrantedAccess],
        withdrawal: Mapping[str, Any],
    ) -> Applied:
        """See `ports.gateway.AccessGateway`. Keys are made, amended and revoked one by one."""
        return self._file.apply(model_id, names, grants, withdrawal)

    def trouble(self, model_id: str) -> str:
        """See `ports.gateway.AccessGateway`."""
        return self._file.trouble(model_id)

    def taken(self, model_id: str, names: Collection[str]) -> Mapping[str, str]:
        """See `ports.gateway.AccessGateway`."""
        return self._file.taken(model_id, names)

    def issue(self, grant: GrantedAccess, holder: str) -> IssuedKey:
        """See `ports.gateway.AccessGateway`.

        A key whose answer is lost is taken back by its alias at once; should that be lost too, it
        names its grant, no record names it, and the next comparison revokes it.
        """
        alias = f"{_ALIAS}-{grant.id}-{secrets.token_hex(4)}"
        body = {
            "key_alias": alias,
            **self._terms(grant),
            "metadata": {
                "emeritus_grant": grant.id,
                "emeritus_holder": holder,
                "emeritus_model": grant.model_id,
            },
        }
        try:
            made = self._api.post("/key/generate", body, once=True)
            key, token = str(made["key"]), str(made.get("token_id") or made.get("token") or "")
            if not token or token == key:
                raise OSError(f"{self._api.url}/key/generate: the answer names no token_id")
        except (OSError, KeyError):
            with suppress(OSError):
                self._api.post("/key/delete", {"key_aliases": [alias]})
            raise
        return IssuedKey(key, token)

    def keys(self, model_id: str, names: Sequence[str]) -> Sequence[KeyAtGateway] | None:
        """See `ports.gateway.AccessGateway`."""
        return list(self._opening(model_id, names))

    def amend(self, token_id: str, grant: GrantedAccess) -> None:
        """See `ports.gateway.AccessGateway`."""
        self._api.post("/key/update", {"key": token_id, **self._terms(grant)})

    def revoke(self, token_id: str) -> None:
        """See `ports.gateway.AccessGateway`. Blocked, not deleted: what it was can be looked up."""
        try:
            self._api.post("/key/block", {"key": token_id})
        except LiteLLMRefused as error:
            if error.status != _NOT_FOUND:  # one that is gone opens nothing
                raise
        self._file.revoke(token_id)

    def _terms(self, grant: GrantedAccess) -> dict[str, Any]:
        """Models and term. In seconds: a term in whole days would outlive the grant.

        LiteLLM takes a key without models for one that opens every model.
        """
        seconds = math.floor((grant.ends_at - self._now()).total_seconds())
        if seconds < 1:
            raise OSError(f"grant {grant.id} ended on {to_minute(grant.ends_at)}")
        return {"models": sorted(set(grant.names)) or [_OPENS_NONE], "duration": f"{seconds}s"}

    def _opening(self, model_id: str, names: Sequence[str]) -> Iterator[KeyAtGateway]:
        query = {"return_full_object": "true", "include_team_keys": "true"}
        for entry in self._api.pages("/key/list", "keys", query):
            if not isinstance(entry, dict) or not entry.get("token"):
                raise OSError(f"{self._api.url}/key/list: an entry is no key with a token")
            models = [str(model) for model in entry.get("models") or ()]
            metadata = entry.get("metadata")
            metadata = metadata if isinstance(metadata, dict) else {}
            ours = metadata.get("emeritus_model") == model_id
            if not ours and models and not _opens(models, names):
                continue
            ends = _instant(entry.get("expires"))
            over = ends is not None and ends <= self._now()
            yield KeyAtGateway(
                token_id=str(entry["token"]),
                grant_id=str(metadata.get("emeritus_grant", "")) if ours else "",
                holder=str(metadata.get("emeritus_holder", "")) if ours else "",
                live=not entry.get("blocked") and not over,
                names=_names(models),
                ends_at=ends,
                made_at=_instant(entry.get("created_at")),
            )


def _names(models: Sequence[str]) -> tuple[str, ...] | None:
    if not models or _OPENS_ALL & set(models):
        return None
    return tuple(sorted(set(models) - {_OPENS_NONE}))


def _opens(models: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a key's models, with LiteLLM's wildcards, let one of these names through."""
    if _OPENS_ALL & set(models):
        return True
    return any(fnmatch.fnmatchcase(name, model) for name in names for model in models)


def _instant(value: Any) -> datetime | None:
    if not isinstance(value, str) or not value:
        return None
    found = datetime.fromisoformat(value)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
