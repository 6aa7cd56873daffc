"""The files of the repository's root and the notebooks, as pages of the site."""

from __future__ import annotations

import shutil
from pathlib import Path

from site_parts.page_links import PROJECT_FILES, as_project_page

ROOT = Path(__file__).parent.parent.parent


def write_project_pages(out: Path) -> None:
    """Write changelog, architecture, contributing, security and the notebooks below `out`."""
    shutil.rmtree(out, ignore_errors=True)
    (out / "examples").mkdir(parents=True)
    for name in PROJECT_FILES:
        if name == "README.md":
            continue  # the site's own first page says the same
        text = as_project_page((ROOT / name).read_text(encoding="utf-8"))
        (out / name.lower()).write_text(text.replace("](readme.md)", "](../../index.md)"),
                                        encoding="utf-8")  # fmt: skip
    for notebook in sorted((ROOT / "examples").glob("*.ipynb")):
        shutil.copy(notebook, out / "examples" / notebook.name)
    names = [f"examples/{path.stem}" for path in sorted((ROOT / "examples").glob("*.ipynb"))]
    listing = "\n".join(names)
    page = f"# Notebooks\n\nEach runs from top to bottom.\n\n```{{toctree}}\n{listing}\n```\n"
    (out / "notebooks.md").write_text(page, encoding="utf-8")
