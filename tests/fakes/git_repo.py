"""Real git repositories with configurations, and people who sign commits with real SSH keys."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.fakes.configs import retirement


def make_key(folder: Path, name: str) -> Path:
    """A person's private key; the public one stands beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    key = folder / name
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(key)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return key


def listed(key: Path, name: str, options: str = "") -> str:
    """A line of allowed signers."""
    kind, public, *_ = key.with_suffix(".pub").read_text(encoding="utf-8").split()
    return " ".join(filter(None, (name, options, kind, public))) + "\n"


@dataclass
class GitRepo:
    """A working tree."""

    root: Path
    dated: str = ""

    def git(self, *arguments: str, key: Path | None = None) -> str:
        signing = ["-c", "gpg.format=ssh", "-c", f"user.signingkey={key}"] if key else []
        env = {
            **{k: v for k, v in os.environ.items() if not k.startswith("GIT_")},
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_AUTHOR_NAME": "A",
            "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "a@example.org",
            **({"GIT_COMMITTER_DATE": self.dated} if self.dated else {}),
        }
        run = subprocess.run(
            ["git", *signing, *arguments], cwd=self.root, env=env, check=True, capture_output=True
        )
        return run.stdout.decode().strip()

    def write(self, name: str, content: str | bytes, folder: str = "configs/models") -> Path:
        file = self.root / folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def model(self, model_id: str = "aster-1", **sections: Any) -> Path:
        """A model's YAML; `sections` as `retirement` takes them."""
        sections.setdefault("endpoint", {"model": model_id})
        sections.setdefault("display_name", model_id.title())
        made = retirement(id=model_id, **sections).model_dump(mode="json")
        return self.write(f"{model_id}.yaml", yaml.safe_dump(made, sort_keys=False))

    def commit(self, message: str = "a change", key: Path | None = None) -> str:
        self.git("add", "-A")
        sign = ["-S"] if key else ["--no-gpg-sign"]
        self.git("commit", "-q", "--allow-empty", *sign, "-m", message, key=key)
        return self.git("rev-parse", "HEAD")


def make_repo(root: Path) -> GitRepo:
    """An empty repository whose branch is `main`."""
    root.mkdir(parents=True, exist_ok=True)
    repo = GitRepo(root)
    repo.git("init", "-q", "-b", "main")
    return repo


def bare_copy(repo: GitRepo, place: Path) -> Path:
    """A bare repository that `repo` pushes to."""
    repo.git("clone", "-q", "--bare", str(repo.root), str(place))
    repo.git("remote", "add", "origin", str(place))
    return place
