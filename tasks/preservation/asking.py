"""How one golden prompt is asked of an endpoint, before packaging and in a drill alike."""

from urllib.parse import urlsplit

from configs.schema.golden import GoldenPrompt
from tasks.kernel.errors import EndpointBusy, EndpointFault
from tasks.ports.respondent import Answer, Question, Respondent


async def ask_prompt(respondent: Respondent, prompt: GoldenPrompt) -> Answer:
    """Ask it once, in a fresh conversation.

    Raises:
        EndpointBusy: no answer now; another try may bring one.
        EndpointFault: the endpoint refuses the call as it stands; the prompt is named.
    """
    try:
        return await respondent.ask(Question((prompt.text,), prompt.max_tokens, prompt.system))
    except EndpointBusy:
        raise
    except EndpointFault as error:  # it may be this prompt alone that the endpoint refuses
        raise EndpointFault(f"golden prompt {prompt.id}: {error}") from None


def host_of(base_url: str) -> str:
    """An address's host and port alone: credentials, a path or a query may hold a key."""
    return urlsplit(base_url).netloc.rpartition("@")[2]
