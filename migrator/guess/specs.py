"""What a field of the template says beside its columns: transforms, rules, how values are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from migrator.guess.columns import DATES, NUMBERS, ColumnKind
from migrator.guess.readings import read_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.guess.columns import Column
    from migrator.guess.matching import Match, Matching
    from migrator.model import Account, FieldInfo

_ADDRESS_IN_NAME = "[^;()<>]*[(<]([^()<>@ ]+@[^()<>@ ]+)[)>]"
_FINE = 0.02
"""Where more amounts than this have a third place behind the mark, all are kept."""

Spec = dict[str, Any]


def spec_of(
    matching: Matching, match: Match, info: FieldInfo | None, account: Account | None
) -> tuple[Spec, tuple[str, ...], str]:
    """What is written of a field, comments on it, and the question it leaves open."""
    columns = [matching.profile.column(name) for name in match.columns]
    spec: Spec = {"from": list(match.columns)} if columns else {}
    if len(columns) > 1 and "pick" not in (match.spec or {}):
        spec["pick"] = "first_filled"
    if match.spec is not None:
        spec |= match.spec
    else:
        make = _SPECS.get(match.field)
        spec |= make(matching, columns[0]) if make and columns else _custom(info)
    if match.field == "pipeline" and columns and columns[0].fill == 1:
        spec.pop("default", None)
    notes: tuple[str, ...] = ()
    if match.field == "contacts":
        spec["on_missing"] = "create"
        notes = ("contacts that the account lacks are created; or: on_missing: park, skip_link",)
    if match.field == "companies":
        spec["on_missing"] = "create"
        notes = ("companies that the account lacks are created; or: on_missing: park, skip_link",)
    question = _put_reading(spec, columns)
    currency = matching.match("currency")
    if match.field == "amount" and (currency is None or currency.doubt):
        home = account.currency if account else None
        taken = f"no column has currencies: {home or 'the home currency'} is taken"
        notes = (*notes, f"{taken}; or add currency: {{default: EUR}}")
    return spec, notes, question


def _put_reading(spec: Spec, columns: list[Column]) -> str:
    """Say how dates and numbers are written, where it took evidence; or what to ask."""
    readings = [column.reading for column in columns if column.reading]
    questions = [
        f"{column.name}: {column.reading.question}. Which is it? "
        + " or ".join(_choice(choice) for choice in column.reading.choices)
        for column in columns
        if column.reading and column.reading.question
    ]
    if questions:
        return " ".join(questions)
    if not any(reading.pinned for reading in readings):
        return ""
    if any("midnight" in reading.evidence for reading in readings):
        return ""
    if all(reading.is_date for reading in readings):
        formats = dict.fromkeys(each for reading in readings for each in reading.formats)
        spec["date_formats"] = list(formats)
    elif len({reading.decimal for reading in readings}) == 1:
        spec["decimal"] = readings[0].decimal
    return ""


def _choice(choice: str) -> str:
    if choice in {".", ","}:
        return f'decimal: "{choice}"'
    return f'date_formats: ["{choice}"]'


def _name(matching: Matching, column: Column) -> Spec:  # noqa: ARG001 - all have one signature
    return {"rules": ["required"]}


def _stage(matching: Matching, column: Column) -> Spec:  # noqa: ARG001
    return {"rules": ["required"]} if column.fill > 0.9 else {}


def _amount(matching: Matching, column: Column) -> Spec:
    reading = column.reading
    if reading is None:
        return {}
    value = read_values(pl.col(column.name), reading)
    scan = matching.profile.scan([column.name])
    fine = scan.select((value != value.round(2)).mean()).collect(engine="streaming").item() or 0
    return {"transform": [{"money": {"places": "6" if fine > _FINE else "2"}}]}


def _currency(matching: Matching, column: Column) -> Spec:  # noqa: ARG001
    return {"transform": ["upper"], "rules": ["currency_code"]}


def _created_at(matching: Matching, column: Column) -> Spec:  # noqa: ARG001
    return {"on_conflict": "fill_blank"}


def _probability(matching: Matching, column: Column) -> Spec:  # noqa: ARG001
    reading = column.reading
    if reading and float(reading.largest or 0) <= 1:
        return {"transform": [{"percent": {"fraction": "true"}}]}
    return {}


def _contacts(matching: Matching, column: Column) -> Spec:  # noqa: ARG001
    if column.share("e-mail") > 0.8:
        return {"transform": ["lower", "split"]}
    pattern = {"regex": _ADDRESS_IN_NAME, "by": "$1"}
    return {"transform": [{"replace_pattern": pattern}, "lower", "split"]}


def _companies(matching: Matching, column: Column) -> Spec:  # noqa: ARG001
    if column.kind is ColumnKind.DOMAIN:
        return {"transform": ["lower", "split"]}
    return {"transform": [{"split": "\n"}]}


_SPECS: dict[str, Callable[[Matching, Column], Spec]] = {
    "name": _name,
    "stage": _stage,
    "amount": _amount,
    "currency": _currency,
    "created_at": _created_at,
    "probability": _probability,
    "contacts": _contacts,
    "companies": _companies,
}

_OF_KIND = {"date": "date", "datetime": "datetime", "number": "number", "bool": "boolean"}


def _custom(info: FieldInfo | None) -> Spec:
    """A field of the account is given the kind of value that it takes."""
    step = _OF_KIND.get(info.kind) if info else None
    return {"transform": [step]} if step else {}


def takes(info: FieldInfo, column: Column) -> bool:
    """Whether a field of the account can take what a column has."""
    fitting = {
        "date": DATES,
        "datetime": DATES,
        "number": NUMBERS,
        "bool": frozenset({ColumnKind.BOOL}),
    }
    wanted = fitting.get(info.kind)
    return wanted is None or column.kind in wanted
