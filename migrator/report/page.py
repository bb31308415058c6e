"""The statement as one page of HTML that opens offline, prints on A4 and runs no script."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import jinja2

from migrator.report import charts, words
from migrator.report.statement import Turn
from migrator.report.text import counted

if TYPE_CHECKING:
    from migrator.report.statement import Download, Statement, Traffic

_PURPOSE = {
    "write": "planning and writing",
    "verify": "reading back",
    "undo": "taking back",
}


@cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "breakable": words.breakable,
        "number": words.number,
        "amount": words.amount,
        "span": words.span,
        "size": words.size,
        "when": words.when,
        "counted": counted,
    }
    made.globals |= {
        "percent": words.percent,
        "steps": words.STEPS,
        "no_currency": words.CURRENCY,
        "Turn": Turn,
    }
    return made


def page(statement: Statement, folder: str = ".") -> str:
    """The page of a statement.

    Args:
        statement: all that is on it.
        folder: the run's folder as seen from where the page is to be, for its links.
    """

    def link(download: Download) -> str:
        return quote(f"{folder}/{download.path}".removeprefix("./"))

    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            statement=statement,
            books=statement.books,
            link=link,
            purpose=_PURPOSE,
            waterfall=charts.waterfall_picture(statement),
            stages=charts.stage_pictures(statement),
            fields=charts.field_picture(statement),
            traffic=_busiest(statement),
        )
    )


def _busiest(statement: Statement) -> charts.Picture | None:
    """The requests of the quota that was used most: the others are in the table."""
    written = [one for one in statement.requests if one.what == "write"] or statement.requests

    def sent(one: Traffic) -> int:
        return one.sent

    busiest = max(written, key=sent, default=None)
    return charts.traffic_picture(busiest, "requests") if busiest else None
