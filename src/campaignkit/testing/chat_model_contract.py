"""The contract of :class:`campaignkit.llm.ChatModel`, for ours and for yours."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from campaignkit.testing.breaches import assert_offers, contract

if TYPE_CHECKING:
    from campaignkit.llm import ChatModel

QUESTION = "Answer with this JSON and nothing else: [1, 2, 3]"


@contract
def check_chat_model(model: ChatModel, *, question: str = QUESTION) -> None:
    """Test a chat model against its contract; raises `AssertionError` on the first breach.

    It must: have a name that is text, and an identity too if it has one; answer with a `Reply`
    whose value is what its text says; count its tokens; raise `MalformedReply`, with the text,
    where the reply is not of the type asked for; and answer several threads at once.

    It makes six calls, which a paid service charges.

    Parameters
    ----------
    model : ChatModel
        The one under test.
    question : str
        What it answers with a list of whole numbers.

    Examples
    --------
    >>> from campaignkit.llm import ScriptedModel
    >>> check_chat_model(ScriptedModel(lambda prompt, schema: "[1, 2, 3]"))
    """
    from campaignkit.llm import CallError, MalformedReply, Prompt, Reply, parse_reply

    assert_offers(model, "chat model", "name", "ask")
    for what in ("name", "identity"):
        text = getattr(model, what, model.name)
        assert isinstance(text, str), f"the {what} is {text!r}, not text"
        assert text.strip(), f"the {what} is empty"
    prompt = Prompt(question, max_tokens=1000)
    with ThreadPoolExecutor(4) as threads:
        replies = list(threads.map(lambda _: model.ask(prompt, list[int]), range(4)))
    for reply in [model.ask(prompt, list[int]), *replies]:
        assert isinstance(reply, Reply), f"{model.name} gave a {type(reply).__name__}, no Reply"
        assert isinstance(reply.text, str), f"the text is a {type(reply.text).__name__}"
        assert reply.value == parse_reply(reply.text, list[int]), (
            "the value is not the parsed text"
        )
        assert reply.usage.tokens_in > 0, f"a prompt of {reply.usage.tokens_in} tokens"
        assert reply.usage.tokens_out > 0, f"a reply of {reply.usage.tokens_out} tokens"
    try:
        model.ask(prompt, dict[str, dict[str, int]])
    except MalformedReply as err:
        assert err.text, "a malformed reply comes without its text"
    except CallError as err:
        raise AssertionError(f"another form was {err.reason}, not malformed") from err
