"""Sphinx builds the site from this folder: `make docs`."""

import sys
from pathlib import Path

from pipeline import __version__

sys.path.insert(0, str(Path(__file__).parent))

project = "Pixel pipeline"
author = "The pixel-pipeline authors"
project_copyright = author
version = release = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "generated",
]
exclude_patterns = ["_generated"]
default_role = "literal"  # docstrings and help have `names` in single backticks

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # `make docs-outputs` runs the notebook, and saves its outputs

autodoc_typehints_format = "short"
python_maximum_signature_line_length = 80
autodoc_member_order = "bysource"
napoleon_use_ivar = True
napoleon_use_rtype = False

html_theme = "pydata_sphinx_theme"
html_title = project
html_static_path = ["_static"]
html_css_files = ["wide.css"]
html_sidebars = {name: [] for name in ("index", "tutorial", "quickstart")}
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": project},
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
}
