"""The pass as a plan: transforms and rules of every field, one boolean expression per check."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from migrator.catalogue import Kind
from migrator.prepare.texts import CUT_NUMBER, raw_of, text_of, unmapped_of, with_texts
from migrator.rules import RULES
from migrator.transforms import TRANSFORMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migrator.prepare.binding import Binding, Bound
    from migrator.template import Step

_LONGEST_VALUE = 80


@dataclass(frozen=True, slots=True)
class Check:
    """One way a row can be turned down.

    Attributes:
        passed: false where the row is turned down; null is fine.
        field: what the source calls the field.
        code: the reject's code; an expression where one check can fail in several ways.
        message: ends the sentence that begins with the field and the value.
        text: the value as it was when the check looked at it.
        raw: the value as it stands in the source.
    """

    passed: pl.Expr
    field: str
    code: pl.Expr
    message: pl.Expr
    text: pl.Expr
    raw: pl.Expr

    def problem(self) -> pl.Expr:
        """The problem of a row that failed the check, else null."""
        shown = self.text.str.slice(0, _LONGEST_VALUE)
        value = pl.when(shown.is_null()).then(pl.lit("")).otherwise(pl.format(' "{}"', shown))
        sentence = pl.concat_str(pl.lit(self.field), value, pl.lit(" "), self.message)
        return pl.when(~self.passed).then(
            pl.struct(
                pl.lit(self.field).alias("_field"),
                self.code.alias("_code"),
                sentence.alias("_error"),
                self.raw.alias("_value"),
            )
        )


@dataclass
class Checked:
    """A lazy frame with everything worked out: ``key``, final values, and what checks look at.

    The checks are expressions on it: all of them together for all rows, one by one only for the
    few rows that fail.

    Attributes:
        values: canonical field name to the name of its final column.
    """

    frame: pl.LazyFrame
    checks: list[Check] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)

    def passed(self) -> pl.Expr:
        """Whether a row passes all checks, never null."""
        return pl.all_horizontal(check.passed for check in self.checks).fill_null(value=True)


def checked(frame: pl.LazyFrame, binding: Binding, steps: Mapping[str, Sequence[Step]]) -> Checked:
    """Plan all transforms and rules of all fields.

    The steps of all fields advance together: one ``with_columns`` per round, not per step.
    """
    names = [bound.name for bound in binding.fields]
    plan = Checked(with_texts(frame, binding, names))
    plan.values = {name: text_of(name) for name in names}
    plan.checks.append(_key_check(binding))
    plan.checks += [
        _map_check(bound) for bound in binding.fields if bound.spec.unmapped == "reject"
    ]
    for round_ in range(max(map(len, steps.values()), default=0)):
        columns = []
        for bound in binding.fields:
            if round_ < len(steps[bound.name]):
                step = steps[bound.name][round_]
                before, after = plan.values[bound.name], f"v{round_}.{bound.name}"
                change = TRANSFORMS[step.name].apply(pl.col(before), **step.arguments)
                columns.append(change.value.alias(after))
                plan.values[bound.name] = after
                if change.faults:
                    plan.checks.append(_fault_check(bound, step, before, after))
        plan.frame = plan.frame.with_columns(columns)
    for bound in binding.fields:
        plan.checks += _rule_checks(bound, pl.col(plan.values[bound.name]))
    return plan


def raw_text(columns: Sequence[str], default: str | None = None) -> pl.Expr:
    """A field's value as the source has it: the first filled of its columns."""
    if not columns:
        return pl.lit(default, pl.String)
    return pl.coalesce([pl.col(raw_of(column)) for column in columns])


def _key_check(binding: Binding) -> Check:
    cut = pl.any_horizontal(
        pl.col(raw_of(column)).str.strip_chars().str.contains(CUT_NUMBER) for column in binding.key
    ).fill_null(value=False)
    return Check(
        pl.col("key").is_not_null(),
        " + ".join(binding.key),
        pl.when(cut).then(pl.lit("scientific_notation")).otherwise(pl.lit("missing_key")),
        pl.when(cut)
        .then(
            pl.lit(
                "names the record, but a spreadsheet has cut its last digits off; export the file "
                "anew, and open it with this column read as text"
            )
        )
        .otherwise(pl.lit("is blank, but it names the record; fill it in")),
        pl.when(cut).then(raw_text(binding.key)),
        raw_text(binding.key),
    )


def _map_check(bound: Bound) -> Check:
    raw = raw_text(bound.columns, bound.spec.default)
    return Check(
        ~pl.col(unmapped_of(bound.name)),
        bound.header,
        pl.lit("unmapped_value"),
        pl.lit("is not in the value map; add it under values, or correct it"),
        raw,
        raw,
    )


def _fault_check(bound: Bound, step: Step, before: str, after: str) -> Check:
    faults = TRANSFORMS[step.name].apply(pl.col(before), **step.arguments).faults
    return Check(
        pl.col(after).is_not_null() | pl.col(before).is_null(),
        bound.header,
        pl.coalesce(
            pl.lit(f.code) if f.when is None else pl.when(f.when).then(pl.lit(f.code))
            for f in faults
        ),
        pl.coalesce(
            pl.lit(f.message) if f.when is None else pl.when(f.when).then(pl.lit(f.message))
            for f in faults
        ),
        pl.col(before),
        raw_text(bound.columns, bound.spec.default),
    )


def _rule_checks(bound: Bound, value: pl.Expr) -> list[Check]:
    found = []
    for step in bound.spec.rules:
        rule = RULES[step.name]
        if rule.whole_column:
            continue
        if step.name == "required":
            # A value that a transform could not read has its own problem: it is not blank.
            passed = value.is_not_null() | pl.col(text_of(bound.name)).is_not_null()
            passed = value.is_not_null() if not _can_fail(bound) else passed
        elif bound.kind is Kind.TEXTS:
            passed = value.list.eval(rule.check(pl.element(), **step.arguments)).list.all()
        else:
            passed = rule.check(value, **step.arguments)
        found.append(rule_check(bound, step, value, passed))
    return found


def _can_fail(bound: Bound) -> bool:
    """Whether null can come of a text because a transform refused it."""
    column = pl.col("x")
    return any(TRANSFORMS[s.name].apply(column, **s.arguments).faults for s in bound.steps)


def rule_check(bound: Bound, step: Step, value: pl.Expr, passed: pl.Expr) -> Check:
    """What to say when a rule fails; ``value`` is shown as it is after the transforms."""
    rule = RULES[step.name]
    shown = value.list.join("; ") if bound.kind is Kind.TEXTS else value.cast(pl.String)
    message = rule.message.format(**{k: _written(v) for k, v in step.arguments.items()})
    return Check(
        passed,
        bound.header,
        pl.lit(step.name),
        pl.lit(message),
        shown,
        raw_text(bound.columns, bound.spec.default),
    )


def _written(value: Any) -> str:  # noqa: ANN401 - any parameter of a rule
    if isinstance(value, tuple):
        return ", ".join(value)
    return "not set" if value is None else str(value)
