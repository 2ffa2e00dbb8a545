"""Owners' recorded prompts: YAML to checked values."""

from collections import Counter

from configs.errors import ConfigError
from configs.home import under_home
from configs.load import load_as
from configs.schema.replays import OwnerPrompts, OwnerReplay


def load_owner_prompts(config: OwnerReplay) -> OwnerPrompts:
    """Read one owner's prompts; a relative file stands under EMERITUS_HOME.

    Raises:
        ConfigError: the file can't be used; the message has one line a mistake.
    """
    path = under_home(config.prompts_file)
    if not path.is_file():
        raise ConfigError(
            f"{path}: no such file of prompts of {config.owner}; write it, or mend "
            "monitoring.successor.owners"
        )
    found = load_as(OwnerPrompts, path)
    counted = Counter(prompt.id for prompt in found.prompts)
    problems = [
        f"{path}: prompts: {name!r} stands {count} times; give each prompt an id of its own"
        for name, count in counted.items()
        if count > 1
    ]
    outputs = found.recorded.outputs if found.recorded else ()
    strange = sorted({output.prompt for output in outputs} - set(counted))
    problems += [f"{path}: recorded: {name!r} is no prompt of this file" for name in strange]
    if problems:
        raise ConfigError("\n".join(problems))
    return found
