"""The reference of Python names that a library's user needs, for mkdocstrings to fill."""

import pkgutil
from importlib import import_module

FOLDER = "reference/python"
_TITLES = {
    "tasks.ports": (
        "ports",
        "Ports",
        "What stages ask of the outside. Whoever writes an adapter implements one of these.",
    ),
    "configs.schema": (
        "schema",
        "Configuration models",
        "The models that check a YAML file. Fields with their meaning: "
        "[configuration](../configuration/index.md).",
    ),
    "tasks.kernel.errors": (
        "errors",
        "Errors",
        "Every error that a person may see, as a class. What each means, and how to mend it: "
        "[error codes](../../errors.md).",
    ),
}


def pages() -> dict[str, str]:
    """A page a package, each with one directive a module."""
    made = {f"{FOLDER}/{slug}.md": _page(name) for name, (slug, _, _) in _TITLES.items()}
    links = [f"- [{title}]({slug}.md): {told}" for slug, title, told in _TITLES.values()]
    made[f"{FOLDER}/index.md"] = "\n".join(
        [
            "# Python",
            "",
            "Emeritus is a program first. These are the names that another program may rely on.",
            "",
            *links,
            "",
        ]
    )
    return made


def _page(name: str) -> str:
    _, title, told = _TITLES[name]
    lines = [f"# {title}", "", told, ""]
    for module in _modules(name):
        lines += [f"## {module}", "", f"::: {module}", ""]
    return "\n".join(lines)


def _modules(name: str) -> list[str]:
    package = import_module(name)
    if not hasattr(package, "__path__"):
        return [name, "configs.errors"]
    return [f"{name}.{one.name}" for one in pkgutil.iter_modules(package.__path__)]
