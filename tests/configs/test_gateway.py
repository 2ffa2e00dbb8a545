"""The gateway's section."""

import pytest
from pydantic import ValidationError

from configs.schema.gateway import GatewayConfig


def test_without_a_word_it_is_the_signed_file() -> None:
    assert GatewayConfig().adapter == "grants_file"
    assert not GatewayConfig().block_foreign_keys


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"adapter": "litellm_keys"}, "needs `url`"),
        ({"adapter": "litellm_keys", "url": "https://user:secret@proxy"}, "url"),
        ({"adapter": "nginx"}, "adapter"),
        ({"model_names": ["a,b"]}, "model_names"),
        ({"master_key_env": "sk-secret"}, "master_key_env"),
        ({"check_hours": 0}, "check_hours"),
        ({"block_foreign_key": True}, "block_foreign_key"),
    ],
)
def test_a_mistake_is_told(fields: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        GatewayConfig.model_validate(fields)
