"""Templates -> pages that stand alone: style, script and pictures inside, nothing from outside."""

import base64
import hashlib
from functools import cache
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from pipeline.report.spelling import chance, duration, moment, percent


def render(template: str, **values: Any) -> str:
    """The page of a template in pipeline/report/templates; whatever is no Markup is escaped."""
    environment = _environment()
    script = _source("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template(template).render(
        style=Markup(_source("report.css")),
        script=Markup(script),
        # No script runs but ours, even if a name should find its way into the page as one.
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
        "count": lambda value: "" if value is None else f"{value:,}",
        "duration": lambda value: "" if value is None else duration(value),
        "chance": chance,
        "moment": moment,
        "address": lambda name: quote(name, safe=""),
    }
    return environment


def _source(name: str) -> str:
    loader = _environment().loader
    assert loader is not None
    return loader.get_source(_environment(), name)[0]
