"""A gateway name belongs to one model: who claims which, and whose configuration is refused."""

import json
from collections.abc import Mapping, Sequence

from sqlmodel import Session, select

from configs.errors import ConfigError
from configs.home import under_home
from configs.schema import RetirementConfig
from tasks import wiring
from tasks.access.gateway.names import gateway_names
from tasks.records import Book
from tasks.records.retirement import Retirement


def names_in_force(session: Session) -> dict[str, tuple[str, ...]]:
    """Model -> its gateway names, of every configuration in force. Reads only."""
    rows = session.exec(select(Retirement.model_id, Retirement.config_json))
    found = {}
    for model_id, text in rows:
        body = json.loads(text)  # other models' files may be of another version
        gateway = body.get("access", {}).get("gateway", {})
        found[model_id] = tuple(gateway.get("model_names") or (body["endpoint"]["model"],))
    return found


def claimed_twice(
    names: Mapping[str, Sequence[str]], in_force: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Which of several configurations may not be passed over, since they share a name. Pure.

    A model that has the name already, by the configuration in force, keeps it: another one's
    mistake does not hold it up. Where none has it, or more than one, none of them is passed over.

    Args:
        names: model -> gateway names, by the files at hand.
        in_force: the same by the records.

    Returns:
        Model -> a sentence.
    """
    claims: dict[str, list[str]] = {}
    for model in sorted(names):
        for name in dict.fromkeys(names[model]):
            claims.setdefault(name, []).append(model)
    refused: dict[str, str] = {}
    for name, models in claims.items():
        holders = [one for one in models if name in in_force.get(one, ())]
        if len(models) > 1:
            for model in models if len(holders) != 1 else [m for m in models if m not in holders]:
                others = ", ".join(one for one in models if one != model)
                refused.setdefault(model, _refusal(model, name, others))
    return refused


def refuse_shared_names(config: RetirementConfig, book: Book) -> None:
    """Refuse a configuration whose gateway names another model has. Reads only.

    Compared are the configurations in force, and the files in the grants folder, which another
    machine's records may have written.

    Raises:
        ConfigError: a name is another model's.
    """
    ours = gateway_names(config)
    with book.reading() as session:
        others = names_in_force(session)
    for model, names in sorted(others.items()):
        for name in ours if model != config.id else ():
            if name in names:
                raise ConfigError(_refusal(config.id, name, model))
    for name, model in wiring.gateway(config.access).taken(config.id, ours).items():
        folder = under_home(config.access.grants_folder)
        raise ConfigError(
            f"{_refusal(config.id, name, model)}. {folder / f'{model}.json'} still tells of it: a "
            f"pass over {model} writes it anew; remove it if that model is gone"
        )


def _refusal(model: str, name: str, other: str) -> str:
    return (
        f"{model}: access.gateway.model_names: {name!r} is a gateway name of {other} too, so that "
        "a key to one would open the other; take it from one of them (without model_names, "
        "endpoint.model is the name)"
    )
