"""Templates -> self-contained pages: style, script and pictures inside, no external resources."""

import base64
import hashlib
from functools import cache
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from pipeline.report.formatting import duration, moment, p_value, percent


def render(template: str, **values: Any) -> str:
    """Fills a template of pipeline/report/templates. Values are escaped unless they are Markup."""
    environment = _environment()
    script = _source("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template(template).render(
        style=Markup(_source("report.css")),
        script=Markup(script),
        # Only the page's own script runs, even if a name that contains one were not escaped.
        policy=f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        **values,
    )


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pipeline.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": percent,
        "count": lambda value: f"{value:,}",
        "duration": duration,
        "p_value": p_value,
        "moment": moment,
        "url": lambda name: quote(name, safe=""),
    }
    return environment


def _source(name: str) -> str:
    loader = _environment().loader
    assert loader is not None
    return loader.get_source(_environment(), name)[0]
