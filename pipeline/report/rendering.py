"""Templates -> self-contained pages: style, script and pictures inside, no external resources."""

import base64
import hashlib
from functools import cache
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from pipeline.report.formatting import duration, moment, p_value, percent


def render(
    template: str,
    own: str = "report",
    package: str = "pipeline.report",
    connect: str = "'none'",
    **values: Any,
) -> str:
    """Fills a template. Values are escaped unless they are Markup.

    Args:
        own: name of the style and the script that follow base.css and base.js.
        package: the package whose templates are used, besides those of the report.
        connect: where the page may send requests, as its policy says it.
    """
    environment = _environment(package)
    style, script = (
        "".join(_source(environment, f"{name}.{kind}") for name in ("base", own))
        for kind in ("css", "js")
    )
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template(template).render(
        style=Markup(style),
        script=Markup(script),
        # Only the page's own script runs, even if a name that contains one were not escaped.
        policy=f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; connect-src {connect}; base-uri 'none'; "
        "form-action 'none'",
        **values,
    )


@cache
def _environment(package: str) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.PackageLoader(name) for name in dict.fromkeys((package, "pipeline.report"))]
        ),
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


def _source(environment: jinja2.Environment, name: str) -> str:
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]
