"""How the documentation site is built: ``make docs``. The pages in docs/ are its source.

What is generated (reference, benchmarks, gallery, project pages) goes to docs/_generated, which
each build makes anew and nobody keeps.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from site_parts.benchmark_page import write_benchmarks  # noqa: E402
from site_parts.gallery_page import write_gallery  # noqa: E402
from site_parts.page_links import as_site_page, with_toctrees  # noqa: E402
from site_parts.project_pages import write_project_pages  # noqa: E402
from site_parts.reference_pages import write_reference  # noqa: E402

import campaignkit  # noqa: E402

project = "campaignkit"
author = "campaignkit contributors"
copyright = author
release = version = campaignkit.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "index"
exclude_patterns = ["site_parts", "_generated/benchmarks.md", "_generated/gallery/*.md"]
html_theme = "furo"
html_title = f"campaignkit {release}"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0072B2", "color-brand-content": "#0072B2"},
    "dark_css_variables": {"color-brand-primary": "#56B4E9", "color-brand-content": "#56B4E9"},
}
html_copy_source = False
html_show_sphinx = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
# The notebooks run when the site is built; the pages' blocks are run by the tests.
nb_execution_mode = "auto"
nb_execution_timeout = 120
nb_execution_raise_on_error = True
nb_merge_streams = True
# Types of parameters are words, not links: where two classes have a `rows`, `rows` is neither.
suppress_warnings = ["ref.python"]

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say type, shape and unit
autodoc_class_signature = "mixed"
napoleon_google_docstring = False
napoleon_use_ivar = True  # else an attribute told in the class's docstring comes twice
napoleon_use_rtype = False
napoleon_preprocess_types = False


def setup(app: Any) -> None:  # Any: sphinx is not needed to read this file
    """Generate pages before they are read; turn links between source files into links of pages."""
    app.connect("builder-inited", _generate)
    app.connect("source-read", _read)


def _generate(app: Any) -> None:
    out = HERE / "_generated"
    write_project_pages(out / "project")
    write_reference(out / "reference")
    write_benchmarks(out / "benchmarks.md")
    # Drawing the gallery fits models: most of a build. Kept pictures do while a page is written.
    if "DOCS_KEEP_GALLERY" not in os.environ or not (out / "gallery").is_dir():
        write_gallery(out / "gallery")


def _read(app: Any, page: str, source: list[str]) -> None:
    if not page.startswith("_generated/"):
        text = as_site_page(source[0])
        source[0] = with_toctrees(text) if page == root_doc else text
