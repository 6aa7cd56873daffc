"""An account asks once, books everything, and stays within its budget."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from accounts import FreeClock, Planned, answer_to, asking
from hypothesis import given, strategies as st

from campaignkit.errors import ArtifactError, CampaignkitError, ModelError, SettingError
from campaignkit.llm import (
    Account,
    Budget,
    CallError,
    CallFailed,
    CallTimedOut,
    ConnectionCut,
    Ledger,
    NotReached,
    Prompt,
    RateLimited,
    Reply,
    Request,
    RequestRefused,
    RetryPolicy,
    ScriptedModel,
    ServerFailed,
    WrongKey,
)
from campaignkit.progress import CallProgress


def test_replies_come_in_the_order_asked() -> None:
    texts = [f"q{i}" for i in range(50)]
    with Account(Planned().model) as account:
        replies = account.ask_many(asking(*texts))

    assert [r.value for r in replies] == [{t: len(t)} for t in texts]


def test_equal_requests_are_asked_once() -> None:
    planned = Planned()
    with Account(planned.model) as account:
        replies = account.ask_many(asking("a", "b", "a", "a"))
        again = account.ask_many(asking("b"))

    assert planned.asked == {"a": 1, "b": 1}
    assert replies[0] == replies[2] == replies[3]
    assert again[0].stored


@pytest.mark.parametrize(
    "other",
    [
        Prompt("a", system="s"),
        Prompt("a", template="t@2"),
        Prompt("a", temperature=0.15),
        Prompt("a", max_tokens=9),
    ],
)
def test_every_field_of_a_prompt_is_in_its_key(other: Prompt) -> None:
    planned = Planned()
    with Account(planned.model) as account:
        account.ask_many([Request(Prompt("a"), dict[str, int]), Request(other, dict[str, int])])

    assert planned.asked["a"] == 2


def test_another_reply_type_is_another_request() -> None:
    planned = Planned()
    with Account(planned.model) as account:
        account.ask_many(
            [Request(Prompt("a"), dict[str, int]), Request(Prompt("a"), dict[str, float])]
        )

    assert planned.asked["a"] == 2


def test_a_stored_reply_is_never_asked_again(tmp_path: Path) -> None:
    planned = Planned()
    for _ in range(3):
        with Account(planned.model, store=tmp_path / "build") as account:
            account.ask_many(asking("a", "b"))
            spent = account.spent

    assert planned.asked == {"a": 1, "b": 1}
    assert (spent.calls, spent.answered) == (2, 2)


def test_what_was_interrupted_goes_on_where_it_stopped(tmp_path: Path) -> None:
    planned = Planned()
    texts = [f"q{i}" for i in range(40)]

    def interrupt(stage: str, done: int, total: int) -> None:
        if done >= 10:
            raise KeyboardInterrupt

    account = Account(planned.model, store=tmp_path, concurrency=3)
    with pytest.raises(KeyboardInterrupt):
        account.ask_many(asking(*texts), progress=CallProgress(interrupt))
    account.close()
    with Account(planned.model, store=tmp_path) as account:
        replies = account.ask_many(asking(*texts))
        spent = account.spent

    assert all(isinstance(r, Reply) for r in replies)
    assert sum(planned.asked.values()) == 40 + spent.repeats
    assert spent.repeats == spent.unconfirmed


def test_an_interrupted_account_can_be_asked_again() -> None:
    release = threading.Event()

    def slow(prompt: Prompt, schema: dict[str, Any]) -> str:
        release.wait(5)
        return answer_to(prompt.user)

    def interrupt(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with Account(ScriptedModel(slow), concurrency=2) as account:
        with pytest.raises(KeyboardInterrupt):
            account.ask_many(asking("a", "b", "c"), progress=CallProgress(interrupt))
        release.set()
        replies = account.ask_many(asking("a", "b", "c"))

        assert [r.value for r in replies] == [{"a": 1}, {"b": 1}, {"c": 1}]
        assert account.spent.calls == 3  # those in flight arrived and were stored


def test_closing_with_calls_in_flight_leaves_them_unconfirmed(tmp_path: Path) -> None:
    release = threading.Event()

    def slow(prompt: Prompt, schema: dict[str, Any]) -> str:
        release.wait(5)
        return answer_to(prompt.user)

    def interrupt(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    account = Account(ScriptedModel(slow), store=tmp_path, concurrency=2)
    with pytest.raises(KeyboardInterrupt):
        account.ask_many(asking("a", "b", "c"), progress=CallProgress(interrupt))
    account.close()
    release.set()
    with Account(Planned().model, store=tmp_path) as account:
        account.ask_many(asking("a", "b", "c"))

        assert account.spent.unconfirmed == account.spent.repeats == 2
        assert [u.why for u in account.unconfirmed] == ["killed", "killed"]
        assert all(u.sent_again for u in account.unconfirmed)


def test_transient_failures_are_tried_again() -> None:
    planned = Planned(lambda _: [ServerFailed("500"), RateLimited("429"), CallTimedOut("slow")])
    with Account(planned.model, clock=FreeClock()) as account:
        replies = account.ask_many(asking("a", "b"))
        spent = account.spent

    assert [r.value for r in replies] == [{"a": 1}, {"b": 1}]
    assert (spent.calls, spent.answered, spent.rejected, spent.unconfirmed) == (8, 2, 4, 2)


def test_a_lost_reply_is_spent_sent_again_and_listed() -> None:
    planned = Planned(lambda _: [ConnectionCut("cut"), ServerFailed("500")])
    with Account(planned.model, clock=FreeClock()) as account:
        account.ask_many(asking("a"))
        spent, lost = account.spent, account.unconfirmed

    assert (spent.calls, spent.repeats, spent.unconfirmed) == (3, 1, 1)
    assert (lost[0].prompt, lost[0].why, lost[0].sent_again) == ("a", "cut", True)
    assert spent.tokens_unconfirmed > 4096  # booked at the most it can have cost


def test_the_sums_add_up_by_state_and_by_stage() -> None:
    failures = {"a": [ServerFailed("x")], "b": ["nonsense", "[1]"], "c": [CallTimedOut("x")]}
    planned = Planned(lambda text: failures.get(text, []))
    with Account(planned.model, clock=FreeClock()) as account:
        account.ask_many([*asking("a", "b", stage="one"), *asking("c", "d", stage="two")])
        spent = account.spent

    states = (spent.answered, spent.malformed, spent.rejected, spent.unconfirmed)
    assert states == (4, 2, 1, 1)
    assert spent.calls == sum(states) == sum(s.calls for s in spent.by_stage.values())
    assert spent.calls == sum(planned.asked.values())
    assert spent.tokens_in == sum(s.tokens_in for s in spent.by_stage.values())


def test_a_malformed_reply_is_paid_for_and_asked_again_a_few_times() -> None:
    planned = Planned(lambda _: ["Lo siento, no lo sé."] * 9)
    with Account(planned.model) as account:
        (failed,) = account.ask_many(asking("a"))

    assert isinstance(failed, CallFailed)
    assert (failed.reason, failed.attempts, failed.text) == (
        "malformed",
        3,
        "Lo siento, no lo sé.",
    )


def test_a_refused_prompt_is_not_sent_again() -> None:
    planned = Planned(lambda _: [RequestRefused("too long")])
    with Account(planned.model) as account:
        (failed,) = account.ask_many(asking("a"))

    assert (failed.reason, planned.asked["a"]) == ("refused", 1)


@given(
    limit=st.integers(0, 30),
    workers=st.integers(1, 8),
    plans=st.lists(
        st.lists(st.sampled_from(["429", "500", "cut", "bad", "down"]), max_size=3), max_size=12
    ),
)
def test_no_call_goes_beyond_the_budget(limit: int, workers: int, plans: list[list[str]]) -> None:
    kinds: dict[str, CallError | str] = {
        "429": RateLimited("429", retry_after_s=2.0),
        "500": ServerFailed("500"),
        "cut": ConnectionCut("cut"),
        "bad": "?",
        "down": NotReached("nobody there"),
    }
    planned = Planned(lambda text: [kinds[k] for k in plans[int(text)]])
    with Account(
        planned.model, budget=Budget(calls=limit), clock=FreeClock(), concurrency=workers
    ) as account:
        replies = account.ask_many(asking(*[str(i) for i in range(len(plans))]))
        spent = account.spent

    unsent = sum(plan[: planned.asked[str(i)]].count("down") for i, plan in enumerate(plans))
    assert spent.calls == sum(planned.asked.values()) - unsent
    assert spent.calls <= limit
    ends = {"budget", "malformed"}  # three replies of the wrong form are the last
    assert all(
        isinstance(r, Reply) or r.reason in (ends if p == ["bad"] * 3 else {"budget"})
        for p, r in zip(plans, replies, strict=True)
    )


@given(tokens=st.integers(0, 60_000), workers=st.integers(1, 8), count=st.integers(1, 20))
def test_tokens_are_reserved_at_the_most_a_call_can_cost(
    tokens: int, workers: int, count: int
) -> None:
    planned = Planned()
    with Account(
        planned.model, budget=Budget(tokens=tokens), concurrency=workers, reply_tokens=2_000
    ) as account:
        replies = account.ask_many(asking(*[str(i) for i in range(count)]))
        spent = account.spent

    assert spent.tokens_in + spent.tokens_out <= tokens
    answered = sum(isinstance(r, Reply) for r in replies)
    # A call in flight holds 2,100 tokens and costs some ten: others wait for it to settle.
    assert answered == (count if tokens >= 2_500 else answered)


def test_money_is_limited_by_the_price_table() -> None:
    prices = {"scripted": (1.0, 1.0)}
    model = Planned().model
    with Account(model, budget=Budget(money=0.005), prices=prices, concurrency=1) as account:
        replies = account.ask_many(asking(*[str(i) for i in range(300)]))

        assert account.spent.money is not None
        assert account.spent.money <= 0.005
        assert {type(r) for r in replies} == {Reply, CallFailed}


def test_without_a_price_there_is_no_cost_and_no_limit_on_money() -> None:
    with Account(Planned().model) as account:
        account.ask_many(asking("a"))

        assert account.spent.money is None
    with pytest.raises(CampaignkitError, match="has no price"):
        Account(Planned().model, budget=Budget(money=1.0))


def test_a_budget_counts_what_earlier_runs_spent(tmp_path: Path) -> None:
    planned = Planned()
    with Account(planned.model, store=tmp_path, budget=Budget(calls=3)) as account:
        account.ask_many(asking("a", "b"))
    with Account(planned.model, store=tmp_path, budget=Budget(calls=3), concurrency=1) as account:
        assert account.calls_left == 1
        replies = account.ask_many(asking("c", "d", "a"))

    assert [isinstance(r, Reply) for r in replies] == [True, False, True]
    assert sum(planned.asked.values()) == 3


def test_open_reservations_of_a_killed_run_count_as_spent(tmp_path: Path) -> None:
    with Account(Planned().model, store=tmp_path) as account:
        account.ask_many(asking("a"))
    _lose(tmp_path, 1)
    planned = Planned()
    with Account(planned.model, store=tmp_path, budget=Budget(calls=1)) as account:
        (failed,) = account.ask_many(asking("a"))
        assert (failed.reason, account.spent.unconfirmed) == ("budget", 1)
        assert not account.unconfirmed[0].sent_again

    assert planned.asked == {}


def test_a_kill_costs_the_calls_in_flight_and_a_budget_of_as_many_more_makes_up_for_it(
    tmp_path: Path,
) -> None:
    requests = asking(*[str(i) for i in range(30)])
    with Account(Planned().model, budget=Budget(calls=20), concurrency=1) as account:
        undisturbed = account.ask_many(requests)
    with Account(Planned().model, store=tmp_path, concurrency=1) as account:
        account.ask_many(requests[:8])
    _lose(tmp_path, 3)
    with Account(
        Planned().model, store=tmp_path, budget=Budget(calls=20), concurrency=1
    ) as account:
        short = account.ask_many(requests)
    with Account(
        Planned().model, store=tmp_path, budget=Budget(calls=23), concurrency=1
    ) as account:
        made_up = account.ask_many(requests)

    assert sum(isinstance(r, Reply) for r in short) == 17
    assert "3 calls of it were sent and never answered" in str(short[-1])
    assert [_value(r) for r in made_up] == [_value(r) for r in undisturbed]


def _lose(store: Path, num_calls: int) -> None:
    """Leave what a kill between reservation and reply leaves of the last calls."""
    db = sqlite3.connect(store / "calls.sqlite")
    lost = f"SELECT id FROM calls ORDER BY id DESC LIMIT {num_calls}"
    db.execute(f"UPDATE calls SET state = 'open', text = '' WHERE id IN ({lost})")
    db.commit()
    db.close()


def _value(reply: Reply[Any] | CallFailed) -> object:
    return reply.value if isinstance(reply, Reply) else reply.reason


def test_a_service_that_asks_to_wait_is_given_the_time() -> None:
    clock = FreeClock()
    planned = Planned(lambda text: [RateLimited("429", retry_after_s=30.0)] if text == "a" else [])
    with Account(planned.model, clock=clock, concurrency=1) as account:
        account.ask_many(asking("a"))

    assert 30.0 <= clock.time <= 38.0


def test_no_minute_sees_more_requests_than_allowed() -> None:
    clock = FreeClock()
    sent: list[float] = []

    def answer(prompt: Prompt, schema: dict[str, Any]) -> str:
        sent.append(clock.now())
        return answer_to(prompt.user)

    # One thread: this clock runs on while another thread is between its turn and its answer.
    with Account(
        ScriptedModel(answer), requests_per_minute=10, clock=clock, concurrency=1
    ) as account:
        account.ask_many(asking(*[str(i) for i in range(35)]))

    assert len(sent) == 35
    assert max(sum(t <= s < t + 60 for s in sent) for t in sent) <= 10


def test_a_wrong_key_stops_the_run_at_once() -> None:
    planned = Planned(lambda _: [WrongKey("the key is not accepted")] * 9)
    with Account(planned.model, concurrency=2) as account, pytest.raises(WrongKey):
        account.ask_many(asking(*[str(i) for i in range(100)]))

    assert sum(planned.asked.values()) <= 2


def test_a_server_that_is_not_there_stops_the_run_and_costs_nothing() -> None:
    planned = Planned(lambda _: [NotReached("nobody there")] * 99)
    with Account(planned.model, clock=FreeClock(), budget=Budget(calls=5)) as account:
        with pytest.raises(NotReached):
            account.ask_many(asking("a", "b"))

        assert account.spent.calls == 0


def test_a_model_that_never_fits_stops_the_run_before_all_is_paid() -> None:
    planned = Planned(lambda _: ["+"] * 99)
    with Account(planned.model) as account, pytest.raises(CallError, match="25 calls in a row"):
        account.ask_many(asking(*[str(i) for i in range(500)]))

    assert sum(planned.asked.values()) <= 25 + 7


def test_a_fault_in_a_models_own_code_is_shown_as_it_is() -> None:
    def broken(prompt: Prompt, schema: dict[str, Any]) -> str:
        raise TypeError("a bug")

    with Account(ScriptedModel(broken)) as account:
        with pytest.raises(TypeError, match="a bug"):
            account.ask_many(asking("a"))

        assert account.spent.unconfirmed == 1


def test_a_script_is_a_function_of_prompt_and_schema_that_gives_text() -> None:
    for wrong in (lambda prompt: "{}", "text"):
        with pytest.raises(SettingError, match="expected a function of two arguments"):
            ScriptedModel(wrong)
    with pytest.raises(ModelError, match="gave a dict; expected text"):
        ScriptedModel(lambda prompt, schema: {"label": 2}).ask(Prompt("?"), dict[str, int])


def test_one_run_at_a_time_holds_a_store(tmp_path: Path) -> None:
    with (
        Account(Planned().model, store=tmp_path),
        pytest.raises(ArtifactError, match="in use by another run"),
    ):
        Account(Planned().model, store=tmp_path)

    Account(Planned().model, store=tmp_path).close()


def test_accounts_of_two_models_share_a_budget_by_sharing_a_ledger() -> None:
    one, other = Planned(), Planned()
    other.model.name = "other"
    ledger = Ledger(None)
    budget = Budget(calls=3)
    with (
        Account(one.model, store=ledger, budget=budget) as first,
        Account(other.model, store=ledger, budget=budget, concurrency=1) as second,
    ):
        first.ask_many(asking("a", "b", stage="cards"))
        replies = second.ask_many(asking("a", "b", stage="pairs"))

        assert first.spent == second.spent
    assert [isinstance(r, Reply) for r in replies] == [True, False]
    assert [s.calls for s in ledger.spent.by_stage.values()] == [2, 1]
    ledger.close()


def test_a_store_that_is_none_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "calls.sqlite").write_text("not a database at all, " * 100)
    model = Planned().model

    with pytest.raises(ArtifactError, match="is a file"):
        Account(model, store=tmp_path / "file")
    with pytest.raises(ArtifactError, match="not a ledger"):
        Account(model, store=tmp_path / "odd")


def test_a_closed_account_says_so() -> None:
    account = Account(Planned().model)
    account.ask_many(asking("a"))
    account.close()
    account.close()

    with pytest.raises(ArtifactError, match="closed"):
        account.ask_many(asking("b"))


@pytest.mark.parametrize("name", ["concurrency", "requests_per_minute", "reply_tokens"])
def test_numbers_out_of_range_are_refused(name: str) -> None:
    with pytest.raises(CampaignkitError, match=f"{name} is 0"):
        Account(Planned().model, **{name: 0})


@pytest.mark.parametrize(
    "limits", [{"calls": -1}, {"calls": True}, {"tokens": 1.5}, {"money": "1"}]
)
def test_a_budget_is_made_of_numbers(limits: dict[str, Any]) -> None:
    with pytest.raises(CampaignkitError, match="the budget's"):
        Budget(**limits)


def test_what_is_no_request_is_told() -> None:
    with Account(Planned().model) as account, pytest.raises(CampaignkitError, match="a tuple"):
        account.ask_many([("a", dict)])  # type: ignore[list-item]


def test_no_more_calls_are_in_flight_than_allowed() -> None:
    lock, now, most = threading.Lock(), 0, 0

    def answer(prompt: Prompt, schema: dict[str, Any]) -> str:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        threading.Event().wait(0.002)
        with lock:
            now -= 1
        return answer_to(prompt.user)

    with Account(ScriptedModel(answer), concurrency=3) as account:
        account.ask_many(asking(*[str(i) for i in range(60)]))

    assert most == 3


def test_it_works_where_a_loop_already_runs() -> None:
    async def notebook() -> list[Any]:
        with Account(Planned().model) as account:
            return list(account.ask_many(asking("a")))

    assert asyncio.run(notebook())[0].value == {"a": 1}


def test_waits_grow_and_differ_between_requests() -> None:
    policy, error = RetryPolicy(), ServerFailed("500")

    waits = [policy.wait_s(error, n, "k") for n in range(1, 6)]

    assert all(0.5 * 2 ** (n) <= w <= 2**n for n, w in enumerate(waits) if w is not None)
    assert policy.wait_s(error, 6, "k") is None
    assert policy.wait_s(error, 1, "k") != policy.wait_s(error, 1, "other")
    assert policy.wait_s(error, 1, "k") == policy.wait_s(error, 1, "k")


def test_a_wait_beyond_all_patience_is_not_waited() -> None:
    assert RetryPolicy().wait_s(RateLimited("tomorrow", retry_after_s=86_400.0), 1, "k") is None
