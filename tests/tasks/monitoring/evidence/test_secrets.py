import pytest

from tasks.kernel.errors import EvidenceRefused
from tasks.monitoring.evidence.core import with_sums
from tasks.monitoring.evidence.secrets import named_secrets, refuse_secrets


def test_every_variable_that_a_configuration_names_is_found():
    config = {
        "endpoint": {"api_key_env": "KEY_A", "model": "x"},
        "coders": [{"endpoint": {"api_key_env": "KEY_B"}}, "text"],
        "smtp": {"password_env": ""},
    }
    assert list(named_secrets(config)) == ["KEY_A", "KEY_B"]


@pytest.mark.parametrize(
    "data",
    [
        b"-----BEGIN OPENSSH PRIVATE KEY-----",
        b"-----BEGIN PRIVATE KEY-----",
        b"AGE-SECRET-KEY-1QQ",
        b"x sk-simulated-123 y",
    ],
)
def test_a_secret_is_refused_by_file_and_kind_and_not_repeated(data: bytes):
    with pytest.raises(EvidenceRefused) as refused:
        refuse_secrets({"rows/a.jsonl": data}, {"KEY": "sk-simulated-123"})
    assert "rows/a.jsonl would hold" in str(refused.value)
    assert "sk-simulated-123" not in str(refused.value)


def test_a_short_value_is_no_secret_that_could_be_found():
    refuse_secrets({"a": b"one simulated word"}, {"KEY": "one", "EMPTY": ""})


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../b", "a b", "-rf", "a\nb", "$(x)", ""])
def test_a_path_that_leads_elsewhere_is_refused(path: str):
    with pytest.raises(EvidenceRefused, match="audit verify"):
        with_sums({path: b""})
