"""The notebooks in examples/ run from top to bottom."""

from __future__ import annotations

from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
# What each notebook must have come to: (notebook, texts among its outputs).
FOUND = {
    "audit_and_injection": ("recall 1.00", "True"),
    "final_showdown": ("internal against gemma", "1 data set version", "0.8947"),
    "graph_from_outcomes": ("100% of their signs right", "0 edges from shuffled outcomes"),
    "own_catalogue": ("faulty.csv:4", "sound", "our own sales"),
    "platforms_to_model": (
        "0 do not close",
        "missing: 0",
        "0 with the wrong one",
        "expected to be right: 88%",
    ),
    "quickstart": ("(1.0, 0)", "sound"),
    "rehearse_build": (
        "{'published': 570, 'oriented': 440, 'mixed': 348, 'pairs': 348}",
        "(True, True, True)",
    ),
    "recommend": ("above half of the gain: True", "proven: True"),
    "sampler_quality": ("(1.0, 1.0)", "the samples hold"),
    "which_classifier": ("pairs, graph known", "4 runs ranked"),
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the notebook's own machinery warns about itself
@pytest.mark.parametrize("notebook", sorted(EXAMPLES.glob("*.ipynb")), ids=lambda path: path.stem)
def test_the_notebook_runs(notebook: Path, tmp_path: Path) -> None:
    import nbformat
    from nbclient import NotebookClient

    if notebook.stem == "final_showdown":
        pytest.importorskip("transformers", reason="the showdown needs the extra train")
    content = nbformat.read(notebook, as_version=4)

    NotebookClient(
        content, timeout=1000, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()

    outputs = [output for cell in content.cells for output in cell.get("outputs", ())]
    for text in FOUND[notebook.stem]:
        assert text in "".join(str(output.get("data", output)) for output in outputs), text


@pytest.mark.parametrize("notebook", sorted(EXAMPLES.glob("*.ipynb")), ids=lambda path: path.stem)
def test_the_notebook_is_kept_without_outputs(notebook: Path) -> None:
    import nbformat

    content = nbformat.read(notebook, as_version=4)

    assert [cell.source for cell in content.cells if cell.get("outputs")] == []


def test_the_typed_template_of_a_scorer_is_the_one_that_is_type_checked() -> None:
    page = (EXAMPLES.parent / "docs" / "extending.md").read_text(encoding="utf-8")
    _, _, template = (EXAMPLES / "typed_scorer.py").read_text(encoding="utf-8").partition("\n\n")
    config = (EXAMPLES.parent / "pyproject.toml").read_text(encoding="utf-8")

    assert f"```python\n{template}```" in page
    assert 'files = ["src", "examples/typed_scorer.py"]' in config  # of mypy


def test_there_is_a_notebook_for_the_first_steps() -> None:
    assert (EXAMPLES / "quickstart.ipynb").exists()
