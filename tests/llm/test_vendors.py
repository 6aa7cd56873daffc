"""Both protocols, through the vendors' own clients, against a server on this computer."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from campaignkit.errors import CampaignkitError
from campaignkit.llm import (
    Account,
    Budget,
    CallError,
    CallTimedOut,
    ChatModel,
    ConnectionCut,
    GeminiModel,
    MalformedReply,
    NotReached,
    OpenAICompatibleModel,
    Prompt,
    QuotaSpent,
    RateLimited,
    Request,
    RequestRefused,
    RetryPolicy,
    ServerFailed,
    UnknownModel,
    WrongKey,
)
from campaignkit.testing import FaultSchedule, ModelServer, check_chat_model

KEY = "AIza-secret-of-the-test"
Make = Callable[..., ChatModel]


class Signs(BaseModel):
    model_config = ConfigDict(extra="forbid")

    first: int
    second: int


def right(prompt: str, schema: dict[str, Any] | None) -> str:
    return '{"first": 1, "second": -1}'


def gemini(server: ModelServer, **more: Any) -> ChatModel:
    more = {"api_key": KEY, "timeout_s": 10.0, "name": "g-1", **more}
    return GeminiModel(more.pop("name"), base_url=server.gemini_url, **more)


def openai(server: ModelServer, **more: Any) -> ChatModel:
    more = {"api_key": KEY, "timeout_s": 10.0, "name": "o-1", **more}
    return OpenAICompatibleModel(more.pop("name"), base_url=server.openai_url, **more)


@pytest.fixture(params=[gemini, openai], ids=["gemini", "openai"])
def make(request: pytest.FixtureRequest) -> Make:
    made: Make = request.param
    return made


def test_a_reply_comes_back_with_its_value_and_cost(make: Make) -> None:
    seen: list[tuple[str, Any]] = []

    def answer(prompt: str, schema: dict[str, Any] | None) -> str:
        seen.append((prompt, schema))
        return right(prompt, schema)

    with ModelServer(answer, keys=[KEY]) as server:
        reply = make(server).ask(Prompt("Fit?", system="Be brief.", temperature=0.15), Signs)

    assert reply.value == Signs(first=1, second=-1)
    assert seen[0][0] == "Be brief.\n\nFit?"
    assert set(seen[0][1]["properties"]) == {"first", "second"}
    assert reply.usage.tokens == server.charges[0].tokens
    assert not reply.usage.estimated


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("rate_limited", RateLimited),
        ("server_error", ServerFailed),
        ("timed_out", CallTimedOut),
        ("cut", ConnectionCut),
        ("empty", MalformedReply),
        ("truncated", MalformedReply),
        ("wrong_keys", MalformedReply),
    ],
)
def test_each_fault_is_told_in_our_words_and_sent_once(
    make: Make, fault: str, kind: type[CallError]
) -> None:
    schedule = FaultSchedule(**{fault: 1.0}, retry_after_s=3.5)
    with ModelServer(right, faults=schedule) as server:
        model = make(server, timeout_s=0.3 if fault == "timed_out" else 10.0)
        with pytest.raises(kind) as caught:
            model.ask(Prompt("Fit?"), Signs)

        assert server.num_requests == 1
    assert caught.value.retry_after_s == (3.5 if fault == "rate_limited" else None)
    if kind is MalformedReply:
        assert caught.value.usage is not None  # paid for, so booked


def test_the_account_gets_every_reply_through_the_faults(make: Make) -> None:
    schedule = FaultSchedule.of_all_kinds(0.5, seed=3)
    requests = [Request(Prompt(f"Pair {i}?"), Signs, "audit") for i in range(40)]
    with ModelServer(right, faults=schedule, hang_s=5.0) as server:
        model = make(server, timeout_s=0.6)
        soon = RetryPolicy(first_wait_s=0.01)
        with Account(model, prices={model.name: (1.0, 2.0)}, retry=soon) as account:
            replies = account.ask_many(requests)
            spent = account.spent

        assert [getattr(r, "value", None) for r in replies] == [Signs(first=1, second=-1)] * 40
        assert spent.calls == server.num_requests
        assert spent.repeats == spent.unconfirmed == server.repeats
        assert spent.unconfirmed > 0
        assert spent.answered + spent.malformed + spent.unconfirmed == len(server.charges)
        charged = sum(c.tokens for c in server.charges)
        assert spent.tokens_in + spent.tokens_out >= charged


@pytest.mark.parametrize("tokens", [900, 20_000, 60_000])
def test_the_server_never_counts_more_tokens_than_the_budget(make: Make, tokens: int) -> None:
    requests = [Request(Prompt(f"Pair {i}, {'word ' * 200}?"), Signs) for i in range(60)]
    faults = FaultSchedule.of_all_kinds(0.3, seed=5)
    with ModelServer(right, faults=faults, hang_s=5.0) as server:
        with Account(
            make(server, timeout_s=0.5),
            budget=Budget(tokens=tokens),
            reply_tokens=100,
            retry=RetryPolicy(first_wait_s=0.01),
        ) as account:
            account.ask_many(requests)
            spent = account.spent

        counted = sum(charge.tokens for charge in server.charges)
    assert counted <= spent.tokens_in + spent.tokens_out <= tokens
    assert (counted == 0) == (tokens == 900)  # the least that a call can cost is about 1,200


def test_our_models_keep_the_contract(make: Make) -> None:
    with ModelServer(lambda prompt, schema: "[1, 2, 3]") as server:
        check_chat_model(make(server))


def test_a_key_is_in_no_log(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with ModelServer(right, faults=FaultSchedule.of_all_kinds(0.5)) as server:
        model = make(server, timeout_s=0.3)
        with Account(model, retry=RetryPolicy(first_wait_s=0.01)) as account:
            account.ask_many([Request(Prompt(f"Pair {i}?"), Signs) for i in range(12)])

    assert KEY not in caplog.text


def test_a_wrong_key_is_told_and_never_shown(make: Make) -> None:
    with ModelServer(right, keys=["another-key"]) as server:
        model = make(server)
        with pytest.raises(WrongKey) as caught:
            model.ask(Prompt("Fit?"), Signs)

    shown = "".join(traceback.format_exception(caught.value)) + repr(model) + str(vars(model))
    assert KEY not in shown
    assert "API key" in str(caught.value)


def test_a_key_that_the_service_repeats_is_taken_out(make: Make) -> None:
    schedule = FaultSchedule()
    with ModelServer(right, models=["other"], faults=schedule) as server:
        model = make(server, name=f"leaks-{KEY}")
        with pytest.raises(UnknownModel) as caught:
            model.ask(Prompt("Fit?"), Signs)

    said = str(caught.value).split(": ", 1)[1]
    assert KEY not in said
    assert "[key]" in said


def test_no_key_is_told_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(WrongKey, match="GEMINI_API_KEY"):
        GeminiModel("g-1")
    with pytest.raises(WrongKey, match="OPENAI_API_KEY"):
        OpenAICompatibleModel("o-1")


def test_the_key_for_openai_goes_to_no_other_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with ModelServer(right, keys=[KEY]) as server:
        model = OpenAICompatibleModel("o-1", base_url=server.openai_url)
        with pytest.raises(WrongKey):
            model.ask(Prompt("Fit?"), Signs)


def test_a_model_nobody_knows_is_told(make: Make) -> None:
    with (
        ModelServer(right, models=["another"]) as server,
        pytest.raises(UnknownModel, match="does not know the model"),
    ):
        make(server).ask(Prompt("Fit?"), Signs)


def test_a_spent_quota_stops_the_run_and_keeps_what_was_answered(make: Make) -> None:
    requests = [Request(Prompt(f"Pair {i}?"), Signs) for i in range(10)]
    with ModelServer(right, quota=4) as server, Account(make(server), concurrency=1) as account:
        with pytest.raises(QuotaSpent, match="used up"):
            account.ask_many(requests)

        assert account.spent.answered == 4
        assert server.num_requests == 5


def test_a_server_that_is_not_there_is_told(make: Make) -> None:
    gone = ModelServer(right)
    model = make(gone)
    gone.stop()
    with pytest.raises(NotReached, match="nobody answers"):
        model.ask(Prompt("Fit?"), Signs)


def test_a_server_without_schemas_is_asked_in_plain_words() -> None:
    seen: list[str] = []

    def answer(prompt: str, schema: dict[str, Any] | None) -> str:
        seen.append(prompt)
        return f"Sure: {right(prompt, schema)}"

    with ModelServer(answer, forms=["text"]) as server, Account(openai(server)) as account:
        first, second = (
            account.ask_many([Request(Prompt(text), Signs)])[0] for text in ("One?", "Two?")
        )
        spent = account.spent

        assert first.value == second.value == Signs(first=1, second=-1)  # type: ignore[union-attr]
        assert (spent.calls, spent.answered, spent.rejected) == (4, 2, 2)
        assert server.num_requests == 4  # every try was booked; the second prompt needed one
    assert "JSON schema" in seen[0]


def test_a_reply_that_is_a_list_is_asked_without_a_format_of_objects() -> None:
    forms: list[Any] = []

    def answer(prompt: str, schema: dict[str, Any] | None) -> str:
        forms.append(schema)
        return '["a", "b"]'

    with ModelServer(answer) as server:
        assert openai(server).ask(Prompt("List."), list[str]).value == ["a", "b"]
        assert gemini(server).ask(Prompt("List."), list[str]).value == ["a", "b"]
    assert forms[0] is None
    assert forms[1]["type"] == "array"


def test_options_reach_the_service_and_the_cache_key() -> None:
    with ModelServer(right) as server:
        plain, other = gemini(server), gemini(server, options={"top_p": 0.5})
        assert other.ask(Prompt("Fit?"), Signs).value.first == 1
        one, two = (
            Account(model).key_of(Request(Prompt("Fit?"), Signs)) for model in (plain, other)
        )
        assert one != two
        with pytest.raises(CampaignkitError, match="do not suit Gemini"):
            gemini(server, options={"no_such_field": 1})
        with pytest.raises(CampaignkitError, match="not JSON values"):
            openai(server, options={"seed": object()})


def test_a_blocked_reply_is_refused_and_paid_for(make: Make) -> None:
    with ModelServer(right) as server:
        serve = server._http.serve

        def blocked(path: str, headers: Any, body: Any) -> Any:
            response = serve(path, headers, body)
            text = json.dumps(response.body)
            text = text.replace('"STOP"', '"SAFETY"').replace('"stop"', '"content_filter"')
            told = json.loads(text)
            if "candidates" in told:
                told["candidates"][0]["content"]["parts"] = []
            else:
                told["choices"][0]["message"]["content"] = ""
            return type(response)(200, told)

        server._http.serve = blocked
        with pytest.raises(RequestRefused) as caught:
            make(server).ask(Prompt("Fit?"), Signs)

    assert caught.value.usage is not None
