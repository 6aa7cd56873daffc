"""A chat model asked for labels: any form of answer, a budget, a store, votes, and the table."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone

import campaignkit as ck
from campaignkit.classify import TargetLeakage
from campaignkit.dataset.text import PromptTemplate
from campaignkit.errors import ClassifierError
from campaignkit.llm import CallError, Prompt
from campaignkit.testing import check_classifier
from tiny_models import write_model

ROWS = [{"brand": f"b{i % 7}", "geo": f"g{i % 3}"} for i in range(42)]
LABELS = ["neg", "avg", "pos"] * 14
WORDS = {"neg": "Underperforming", "avg": "Average performance", "pos": "Overperforming"}


def right(prompt: Prompt, schema: dict[str, object]) -> str:
    """The label of the row, which follows from its place: g0 is neg, g1 avg, g2 pos."""
    label = ("neg", "avg", "pos")[[f"g{i}" in prompt.user for i in range(3)].index(True)]
    word = WORDS[label]
    offered = schema["properties"]["label"]["enum"]
    return json.dumps({"label": word if word in offered else str(list(WORDS).index(label))})


@pytest.mark.parametrize("style", [1, 2, 3, "tally-words@1"])
def test_campaigns_are_asked_in_the_prompt_of_the_style(style: int | str) -> None:
    asked = []

    def answer(prompt: Prompt, schema: dict[str, object]) -> str:
        asked.append(prompt)
        return right(prompt, schema)

    model = ck.PromptedClassifier(ck.ScriptedModel(answer), style=style).fit(ROWS, LABELS)

    assert model.predict(ROWS).tolist() == LABELS
    wanted = ck.dataset.text.render_prompts(ROWS, style=style)
    assert {prompt.user for prompt in asked} == set(wanted)
    assert len(asked) == len(set(wanted)) == model.spent_.calls == 21


@pytest.mark.parametrize(
    "said", ["2", '"2"', '{"label": "2"}', '{"label": 2}', "2.", "<think>0?</think>2", "```2```"]
)
def test_a_label_is_read_in_the_forms_that_models_say_it_in(said: str) -> None:
    model = ck.PromptedClassifier(ck.ScriptedModel(lambda prompt, schema: said))
    read = model.fit(ROWS, LABELS).ask(ROWS[:1])

    if said == "```2```":  # no bare label: told, not guessed
        assert read.num_failed == 1
    else:
        assert read.labels == ("pos",)


def test_a_reply_that_is_no_label_is_refused_or_falls_back() -> None:
    def answer(prompt: Prompt, schema: dict[str, object]) -> str:
        return "I would not know." if "b1" in prompt.user else right(prompt, schema)

    model = ck.PromptedClassifier(ck.ScriptedModel(answer)).fit(ROWS, LABELS)

    with pytest.raises(ClassifierError, match=r"6 of 42 rows got no label") as caught:
        model.predict(ROWS)
    told = model.set_params(fallback="avg").predict(ROWS)
    (fault,) = caught.value.faults  # what is said alike is told once
    assert fault.where == "row 1 and 5 more"
    assert "I would not know" in fault.found
    assert "expected '1', '0', '2'" in fault.found
    assert [told[i] for i in range(42) if i % 7 == 1] == ["avg"] * 6


def test_a_fallback_goes_on_where_so_many_bad_replies_would_stop_the_run() -> None:
    rows, labels = [{"brand": f"b{i}"} for i in range(40)], ["neg", "pos"] * 20
    model = ck.PromptedClassifier(ck.ScriptedModel(lambda prompt, schema: "No idea.")).fit(
        rows, labels
    )

    with pytest.raises(CallError, match=r"25 calls in a row.*expected '0', '2'"):
        model.predict(rows)
    assert model.set_params(fallback="pos").predict(rows).tolist() == ["pos"] * 40


def test_labels_that_the_prompt_does_not_ask_for_are_refused() -> None:
    chat, own = ck.ScriptedModel(lambda prompt, schema: "win"), {"win": "win", "lose": "lose"}
    outcomes = ["win", "lose"] * 21
    told = r"professional@1 asks for 'Underperforming', .*, and not for 'lose', 'win'"

    with pytest.raises(ClassifierError, match=told) as caught:
        ck.PromptedClassifier(chat, style=1, labels=own).fit(ROWS, outcomes)
    assert "('lose', 'win')), from campaignkit.dataset.text" in caught.value.hint
    texts = [f"Will {row['brand']} win or lose?" for row in ROWS]  # prompts of one's own
    whole = ck.PromptedClassifier(chat, labels=own).fit(texts, outcomes)
    assert whole.predict(texts[:1]).tolist() == ["win"]
    mapped = ck.PromptedClassifier(chat, labels={"win": "2", "lose": "0"})
    assert mapped.fit(ROWS, outcomes).classes_.tolist() == ["lose", "win"]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"fallback": "unsure"}, "fallback is 'unsure'; expected one of the labels 'avg', 'neg'"),
        ({"labels": "win"}, "labels are 'win'; expected words, at least two"),
        ({"labels": 5}, "labels are 5; expected words"),
        ({"labels": ["0", "2"]}, r"labels=\{'avg': \.\.\., 'neg': \.\.\., 'pos': \.\.\.\}"),
    ],
)
def test_settings_that_name_no_labels_are_refused(settings: dict[str, object], told: str) -> None:
    with pytest.raises(ClassifierError, match=told):
        ck.PromptedClassifier(ck.ScriptedModel(right), **settings).fit(ROWS, LABELS)


def test_nothing_is_paid_for_twice_and_a_budget_is_kept(tmp_path: Path) -> None:
    calls = []

    def answer(prompt: Prompt, schema: dict[str, object]) -> str:
        calls.append(threading.get_ident())
        return right(prompt, schema)

    chat = ck.ScriptedModel(answer)
    tight = ck.PromptedClassifier(chat, store=tmp_path, budget=ck.Budget(calls=5))
    with pytest.raises(ClassifierError, match="the budget"):
        tight.fit(ROWS, LABELS).predict(ROWS)
    wide = ck.PromptedClassifier(chat, store=tmp_path, prices={"scripted": (1.0, 2.0)})
    plan = wide.fit(ROWS, LABELS).plan(ROWS)
    first, again = wide.predict(ROWS).tolist(), wide.predict(ROWS).tolist()

    assert (plan.num_rows, plan.num_calls) == (42, 16)
    assert plan.money is not None and 0 < plan.money < 0.1
    assert first == again == LABELS
    assert len(calls) == 21
    assert wide.spent_.calls == 0  # of the last prediction, which the store answered
    assert wide.plan(ROWS).num_calls == 0


def test_votes_are_probabilities_and_one_answer_is_none() -> None:
    def answer(prompt: Prompt, schema: dict[str, object]) -> str:
        return '{"label": "0"}' if "vote" in prompt.template else '{"label": "2"}'

    one = ck.PromptedClassifier(ck.ScriptedModel(answer)).fit(ROWS, LABELS)
    three = ck.PromptedClassifier(ck.ScriptedModel(answer), votes=3).fit(ROWS, LABELS)

    assert not hasattr(one, "predict_proba")
    assert three.predict(ROWS[:2]).tolist() == ["neg", "neg"]
    assert three.predict_proba(ROWS[:1]) == pytest.approx(np.array([[0, 2 / 3, 1 / 3]]))


def test_labels_are_answered_as_they_were_given() -> None:
    codes = [list(WORDS).index(label) for label in LABELS]
    spelled = [WORDS[label] for label in LABELS]
    own = PromptTemplate("own", 1, "Judge it.\n", "\nAnswer:\n", ("low", "high"))
    chat = ck.ScriptedModel(right)

    for given in (codes, spelled):
        model = ck.PromptedClassifier(chat, style=3).fit(ROWS, given)
        assert model.predict(ROWS).tolist() == given
        assert model.classes_.tolist() == sorted(set(given))
    low = ck.PromptedClassifier(ck.ScriptedModel(lambda p, s: '"high"'), style=own)
    assert low.fit(ROWS, ["low", "high"] * 21).predict(ROWS[:1]).tolist() == ["high"]
    with pytest.raises(ClassifierError, match="no word is known for 'a', 'b'"):
        ck.PromptedClassifier(chat).fit(ROWS, ["a", "b"] * 21)
    mapped = ck.PromptedClassifier(chat, labels={"a": "0", "b": "1", "c": "2"})
    assert mapped.fit(ROWS, ["a", "b", "c"] * 14).predict(ROWS[:3]).tolist() == ["a", "b", "c"]


def test_it_is_copied_saved_and_loaded(tmp_path: Path) -> None:
    chat = ck.ScriptedModel(right)
    model = ck.PromptedClassifier(chat, style=2, votes=2).fit(ROWS, LABELS)

    model.save(tmp_path / "it")
    loaded = ck.PromptedClassifier.load(tmp_path / "it", model=chat)

    assert clone(model).get_params() == model.get_params()
    assert loaded.predict(ROWS).tolist() == LABELS
    assert loaded.get_params() == {**model.get_params(), "labels": WORDS}


def test_it_keeps_the_contract_of_classifiers() -> None:
    code_of = {
        "neg": 0,
        "zeta": 0,
        "7": 0,
        "avg": 1,
        "alpha": 1,
        "3": 1,
        "pos": 2,
        "mid": 2,
        "5": 2,
    }

    def echo(prompt: Prompt, schema: dict[str, object]) -> str:
        offered = {code_of[w]: w for w in schema["properties"]["label"]["enum"] if w in code_of}
        code = len(prompt.user) % 3
        return json.dumps({"label": offered.get(code, next(iter(offered.values())))})

    chat = ck.ScriptedModel(echo)
    labels = {name if not name.isdigit() else int(name): name for name in (*code_of, "never met")}
    own = PromptTemplate("own", 1, "Judge it.\n", "\nAnswer:\n", tuple(labels.values()))
    check_classifier(
        ck.PromptedClassifier(chat, votes=2, labels=labels, style=own),
        load=lambda folder: ck.PromptedClassifier.load(folder, model=chat),
    )


def test_a_fine_tuned_model_stands_beside_one_that_is_asked_and_is_taken_apart(
    tmp_path: Path,
) -> None:
    pytest.importorskip("transformers")
    folder = write_model(tmp_path / "tiny", max_position_embeddings=2048)
    tuned = ck.ConstrainedClassifier.from_pretrained(
        folder, style=3, training=ck.FullFineTune(epochs=1, freeze_layers=1)
    )
    asked = ck.PromptedClassifier(ck.ScriptedModel(right), style=2)
    rows = ROWS[:12], LABELS[:12]

    table = ck.compare_classifiers(
        {"gemma": tuned, "prompted": asked}, rows, rows, run_log=tmp_path
    )
    report = ck.FeatureAblation(tuned, num_seeds=1).run(rows, rows)

    assert set(table.against_best) == {"gemma"}
    assert table["gemma"].scores.log_loss is not None
    assert len({r.dataset.digest for r in ck.RunLog(tmp_path).read().records[1::2]}) == 1
    assert {drop.feature for drop in report.drops} == {"brand", "geo"}
    assert set(report.f1) == set(report.drops[0].f1) == set(WORDS)


def test_four_kinds_of_model_stand_in_one_table(tmp_path: Path) -> None:
    prompted = ck.PromptedClassifier(ck.ScriptedModel(right), style=2, prices={"scripted": (1, 1)})
    models = {
        "internal": ck.PairwiseOrdinalClassifier(seed=0), "tf-idf": ck.TfidfLogistic(),
        "one-hot": ck.OneHotLogistic(), "prompted": prompted,
    }  # fmt: skip

    with pytest.warns(TargetLeakage, match="geo decides"):  # as it does
        table = ck.compare_classifiers(models, (ROWS, LABELS), (ROWS, LABELS), run_log=tmp_path)
    records = ck.RunLog(tmp_path).read().records

    assert table["prompted"].scores.accuracy == 1.0
    assert table["prompted"].scores.log_loss is None
    assert len({r.dataset.digest for r in records if r.kind == "evaluation"}) == 1
    (paid,) = (r for r in records if r.kind == "evaluation" and r.cost is not None)
    assert paid.cost.calls == 21 and paid.cost.money > 0
    assert paid.parameters["style"] == 2
    assert "calls" in table.cells()[0] and "money" in table.cells()[0]
    assert set(table.against_best) < set(models)


def test_a_separator_divides_the_values_of_a_cell(tmp_path: Path) -> None:
    asked: list[str] = []

    def answer(prompt: Prompt, schema: dict[str, object]) -> str:
        asked.append(prompt.user)
        return "2"

    chat = ck.ScriptedModel(answer)
    model = ck.PromptedClassifier(chat, separator=", ")
    model.fit([{"geo": "Peru"}, {"geo": "Chile"}, {"geo": "Cuba"}], ["pos", "neg", "avg"])
    model.save(tmp_path / "kept")
    again = ck.PromptedClassifier.load(tmp_path / "kept", model=chat)

    model.predict([{"geo": "Peru, Chile"}])
    again.predict([{"geo": "Peru, Chile"}])

    assert "geo: [Chile, Peru]" in asked[0]
    assert asked == asked[:1] * len(asked)
    pytest.importorskip("torch", reason="the other reader of prompts needs torch")
    from campaignkit.classify.llm.labels import Prompts

    parts = {"geo": ["Peru", "Chile"]}
    whole = Prompts.of([{"geo": "Peru, Chile"}], style=3, separator=", ")
    assert whole.rows == Prompts.of([parts], style=3).rows
