"""The figures in docs/trait-rules.md are those of the code."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

DOCS = Path(__file__).parent.parent.parent / "docs"


def page_writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("trait_rules_page", DOCS / "trait_rules_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_on_trait_rules_is_up_to_date() -> None:
    page = (DOCS / "trait-rules.md").read_text(encoding="utf-8")

    assert page_writer().filled(page) == page


def test_every_trait_of_the_bundled_catalogue_is_documented() -> None:
    import campaignkit as ck

    page = (DOCS / "catalogue.md").read_text(encoding="utf-8")
    used = {name for a in ck.Catalogue.bundled("retail-160") for name in a.traits}

    assert [name for name in sorted(used) if f"`{name}`" not in page] == []


def test_the_published_held_out_result_stands_on_the_page() -> None:
    page = (DOCS / "trait-rules.md").read_text(encoding="utf-8")

    assert "55 of 60 right." in page
