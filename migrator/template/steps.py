"""Steps of a field: a transform or a rule by name, with its parameters checked and converted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, get_origin

import polars as pl
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, create_model
from pydantic.json_schema import WithJsonSchema

from migrator import catalogue
from migrator.catalogue import Kind
from migrator.errors import did_you_mean
from migrator.model import UNKEYED
from migrator.rules import RULES
from migrator.template.base import Part
from migrator.transforms import DEFAULTS, TRANSFORMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.model import ObjectType

__all__ = ["RuleStep", "Step", "TransformStep", "Typed", "check_kinds"]


class Step(Part):
    """A transform or rule by name, with its parameters."""

    name: str
    arguments: Mapping[str, Any] = {}


@cache
def _parameters(function: Callable[..., Any]) -> type[BaseModel]:
    """The parameters of a rule or transform as a model, which converts and checks them."""
    fields: dict[str, Any] = {
        p.name: (p.annotation, ... if p.required else p.default)
        for p in catalogue.parameters(function)
    }
    return create_model("Parameters", __config__=ConfigDict(extra="forbid"), **fields)


def _named(function: Callable[..., Any], name: str, given: Any) -> Mapping[str, Any]:  # noqa: ANN401
    """Parameters by name; ``{max_length: 255}`` gives the first one alone."""
    listed = catalogue.parameters(function)
    takes_mapping = bool(listed) and get_origin(listed[0].annotation) is Mapping
    if isinstance(given, Mapping) and not takes_mapping:
        for key in given:
            names = [p.name for p in listed]
            if key not in names:
                known = f" It takes {', '.join(names) or 'none'}."
                hint = did_you_mean(str(key), names) or known
                raise ValueError(f'{name} has no parameter "{key}".{hint}')
        return given
    if not listed:
        raise ValueError(f"{name} takes no parameters")
    if listed[0].annotation == tuple[str, ...] and isinstance(given, str):
        given = (given,)
    return {listed[0].name: given}


def _parse(data: Any, table: Mapping[str, Callable[..., Any]], word: str) -> Any:  # noqa: ANN401
    if isinstance(data, Step):
        return data
    if isinstance(data, str):
        data = {data: {}}
    if not isinstance(data, Mapping) or len(data) != 1:
        raise ValueError(f"a {word} is a name such as `- x`, or one with parameters: `- x: ...`")
    ((name, given),) = data.items()
    if name not in table:
        hint = did_you_mean(str(name), table) or f" Known: {', '.join(table)}."
        raise ValueError(f'unknown {word} "{name}".{hint}')
    function = table[name]
    named = {} if given == {} or given is None else _named(function, name, given)
    try:
        arguments = _parameters(function).model_validate(named)
    except ValidationError as error:
        detail = error.errors()[0]
        where = ".".join(str(part) for part in detail["loc"])
        raise ValueError(f"{name}: {where}: {detail['msg']}") from None
    return Step(name=name, arguments=arguments.model_dump())


def _schema(table: Mapping[str, Callable[..., Any]]) -> dict[str, Any]:
    """Either the bare name of a step, or one key with its parameters."""
    described = {name: catalogue.describe(name, function) for name, function in table.items()}
    return {
        "anyOf": [
            {"enum": list(table)},
            {
                "type": "object",
                "properties": {name: {"description": i.summary} for name, i in described.items()},
                "additionalProperties": False,
                "minProperties": 1,
                "maxProperties": 1,
            },
        ]
    }


_RULES = {name: rule.check for name, rule in RULES.items()}
_TRANSFORMS = {name: transform.apply for name, transform in TRANSFORMS.items()}

RuleStep = Annotated[
    Step,
    BeforeValidator(lambda data: _parse(data, _RULES, "rule")),
    WithJsonSchema(_schema(_RULES)),
]
TransformStep = Annotated[
    Step,
    BeforeValidator(lambda data: _parse(data, _TRANSFORMS, "transform")),
    WithJsonSchema(_schema(_TRANSFORMS)),
]


@dataclass(frozen=True, slots=True)
class Typed:
    """The steps of a field, complete with its default conversion, and what they give."""

    steps: tuple[Step, ...]
    kind: Kind


_DAY_OR_INSTANT = (Kind.DATE, Kind.DATETIME, Kind.MOMENT)

_NEEDED: dict[str, tuple[Kind, ...]] = {
    "amount": (Kind.DECIMAL,),
    "probability": (Kind.DECIMAL,),
    "close_date": _DAY_OR_INSTANT,
    "created_at": (Kind.DATETIME,),
    "due_at": _DAY_OR_INSTANT,
    "done": (Kind.BOOLEAN,),
    "deals": (Kind.TEXTS,),
    "contacts": (Kind.TEXTS,),
    "companies": (Kind.TEXTS,),
}


def _needed(type: ObjectType, name: str) -> tuple[Kind, ...]:
    """The kinds of value that a field may have; none = a text, or anything that is its own."""
    if name == "created_at" and type in UNKEYED:
        return _DAY_OR_INSTANT
    return _NEEDED.get(name, ())


def _default(type: ObjectType, name: str) -> str | None:
    """The transform of a field for which a template gives none.

    A note that was made on some day is not taken for one of the midnight at its beginning, which
    people elsewhere would see on the day before.
    """
    if name == "created_at" and type in UNKEYED:
        return "date_or_datetime"
    return DEFAULTS.get(name)


def check_kinds(
    type: ObjectType, name: str, transform: Sequence[Step] | None, rules: Sequence[Step]
) -> Typed:
    """Follow the kind of value through a field's steps.

    Where the steps do not give what the field needs, its default conversion comes after them: a
    template that only replaces a text in amounts need not say ``money`` again.

    Raises:
        ValueError: a step or rule cannot work on the kind of value it gets.
    """
    steps = list(transform or ())
    kind = _follow(name, steps)
    needed = _needed(type, name)
    default = _default(type, name)
    if default and (transform is None or (needed and kind not in needed)):
        if kind is not TRANSFORMS[default].takes:
            raise ValueError(f"{name}: its steps end in a {kind}, but it needs a {needed[0]}")
        steps.append(Step(name=default, arguments=_defaults(default)))
        kind = TRANSFORMS[default].gives
    if name != "amount" and not needed and not name.startswith("custom.") and kind is not Kind.TEXT:
        raise ValueError(f"{name}: its steps end in a {kind}, but it needs a text")
    for rule in rules:
        if kind not in RULES[rule.name].accepts:
            fitting = ", ".join(sorted(RULES[rule.name].accepts))
            raise ValueError(f"{name}: the rule {rule.name} checks {fitting}; this is a {kind}")
        _try(name, rule, kind)
    return Typed(tuple(steps), kind)


def _defaults(name: str) -> dict[str, Any]:
    listed = catalogue.parameters(TRANSFORMS[name].apply)
    return {p.name: p.default for p in listed}


def _follow(name: str, steps: Sequence[Step]) -> Kind:
    kind = Kind.TEXT
    for step in steps:
        transform = TRANSFORMS[step.name]
        if kind is not transform.takes:
            raise ValueError(
                f"{name}: {step.name} works on {transform.takes}, but before it stands a {kind}"
            )
        kind = transform.gives
    return kind


def _try(name: str, rule: Step, kind: Kind) -> None:
    """Run a rule on no data: a wrong regular expression shows now, not in the middle of a file."""
    blank = pl.Series("x", [], dtype=pl.String if kind is Kind.TEXTS else kind.dtype)
    try:
        blank.to_frame().select(RULES[rule.name].check(pl.col("x"), **rule.arguments))
    except pl.exceptions.PolarsError as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{name}: {rule.name}: {reason}") from None
