"""Prepare a source: ask its first records, then transform and check all rows in one pass.

The pass is one lazy plan with two sinks that the streaming engine runs together: rows that pass all
checks become ``records.parquet``, the others one line per problem in ``rejections.parquet``. Where
the rejections show that the first records gave the wrong answer, the pass is made again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from migrator.errors import UndecidedError
from migrator.prepare.binding import Binding, bind
from migrator.prepare.checks import Check, Checked, checked, raw_text, rule_check
from migrator.prepare.keys import disagreements, dropped, merged, shared_rows, stop_on
from migrator.prepare.money_signs import check_signs
from migrator.prepare.survey import Survey, reconsidered, repeated, survey
from migrator.prepare.texts import ROW, raw_of, with_texts
from migrator.prepare.writing import by_themselves, carry_out, parts_of, write
from migrator.template import Duplicates

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from migrator.prepare.binding import Bound
    from migrator.prepare.survey import Answers
    from migrator.template import Step, Template

REJECTION = {
    "_record": pl.Int64(),
    "_field": pl.String(),
    "_code": pl.String(),
    "_error": pl.String(),
    "_value": pl.String(),
}
"""The columns of ``rejections.parquet``."""


_RECORDS = "records.parquet"
REJECTIONS = "rejections.parquet"
"""File of the problems, one a line."""

_FAILED, _GROUPS = "failed.parquet", "groups.parquet"
"""Files for the time of a pass: rows that failed a check, rows of deals on several lines."""

MEMBERS = "members.parquet"
"""File of the rows that ``group:`` folded: ``_record``, and ``_first``, the record they are in."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What became of the rows of a source.

    ``rows = rejected + records_count + merged`` always holds.

    Attributes:
        records: Parquet: ``_file``, ``_record``, ``_line``, ``_rows`` (source rows folded in),
            ``key``, the canonical fields of the template, ``contacts`` and ``companies`` as lists,
            ``custom.*``; blank = null.
        rejections: Parquet: one line per problem, ``_record``, ``_field``, ``_code``, ``_error``,
            ``_value``.
        rows: how many the source has.
        records_count: how many records were made of them.
        rejected: how many rows were turned down.
        merged: how many rows were folded into the record of another row.
        codes: problems by code; a row may have several.
        fields: canonical field name to what the source calls it.
        notices: what the user should know.
        decisions: what was decided over whole columns, and why.
        answers: the same as data, for records of the source that come back later.
    """

    records: Path
    rejections: Path
    rows: int
    records_count: int
    rejected: int
    merged: int
    codes: Mapping[str, int]
    fields: Mapping[str, str]
    notices: tuple[str, ...]
    decisions: tuple[str, ...]
    answers: Answers


def prepare(  # noqa: PLR0913  # a source, and what is known of it
    template: Template,
    scan: pl.LazyFrame,
    columns: Sequence[str],
    folder: Path,
    problems: pl.DataFrame | None = None,
    answers: Answers | None = None,
    *,
    tidy: Collection[str] = (),
) -> Prepared:
    """Make records and rejections of a source.

    Args:
        template: the mapping.
        scan: ``columns`` as String (null = empty cell), ``_file`` String, ``_record`` Int64 (unique
            over the whole source) and ``_line`` Int64.
        columns: the source's columns in their order.
        folder: exists; ``records.parquet`` and ``rejections.parquet`` are written there.
        problems: rows that are no proper records: ``_record``, ``_code``, ``_error`` and perhaps
            ``_field`` and ``_value``. They are turned down unseen.
        answers: of the source that these records are a part of, see :class:`Prepared`.
        tidy: columns whose cells are known to be in NFC, without spaces at their ends, and without
            invisible characters or odd spaces.

    Raises:
        TemplateError: the template does not fit the columns.
        UndecidedError: dates, decimal marks or repeated keys leave a question open.
        InputError: the folder cannot be written.
    """
    binding = replace(bind(template, columns), tidy=frozenset(tidy))
    malformed = _malformed(problems)
    frame = _whole_rows(scan, binding, malformed)
    found = survey(frame, binding, answers)
    hashes = None if _keys_must_differ(template) else _hashes(with_texts(frame, binding, []))
    attempt = _Pass(binding, frame, found, folder, malformed, hashes)
    result = attempt.carry_out()
    try:
        after = reconsidered(found, attempt.misfits())
    except UndecidedError:
        attempt.discard(_RECORDS, REJECTIONS, MEMBERS)
        raise
    finally:
        attempt.discard(_FAILED, _GROUPS)
    if after.steps != found.steps:
        attempt = _Pass(binding, frame, after, folder, malformed, attempt.hashes)
        result = attempt.carry_out()
        attempt.discard(_FAILED, _GROUPS)
    return replace(result, decisions=after.decisions, answers=after.proofs())


def _whole_rows(scan: pl.LazyFrame, binding: Binding, malformed: pl.DataFrame) -> pl.LazyFrame:
    """What is needed of the rows that are proper records."""
    frame = scan.select(*ROW, *(pl.col(c).alias(raw_of(c)) for c in binding.needed()))
    if not malformed.height:
        return frame
    bad = malformed.lazy().select("_record").unique()
    return frame.join(bad, on="_record", how="anti", maintain_order="left")


def _keys_must_differ(template: Template) -> bool:
    """Whether a repeated key ends the run, so that keys need not be known before the pass."""
    return template.duplicates is Duplicates.STOP and template.group is None


def _hashes(keyed: pl.LazyFrame) -> pl.Series:
    """A number for each row's key, null for none; rows with different numbers differ in key."""
    return _hashed(keyed).collect(engine="streaming").to_series()


def _hashed(keyed: pl.LazyFrame) -> pl.LazyFrame:
    key = pl.col("key")
    return keyed.select(pl.when(key.is_not_null()).then(key.hash()).alias("hash"))


def _malformed(problems: pl.DataFrame | None) -> pl.DataFrame:
    if problems is None:
        return pl.DataFrame(schema=REJECTION)
    given = problems.columns
    return problems.select(
        (pl.col(name) if name in given else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in REJECTION.items()
    )


@dataclass
class _Pass:
    """The pass over one source.

    ``hashes`` are those of all keys, None = not known yet: then no key may repeat, and the pass
    itself finds out.
    """

    binding: Binding
    frame: pl.LazyFrame
    found: Survey
    folder: Path
    malformed: pl.DataFrame
    hashes: pl.Series | None

    def carry_out(self) -> Prepared:
        template = self.binding.template
        plan = checked(self.frame, self.binding, self.found.steps)
        self._check_unique(plan)
        check_signs(plan, self.binding, self.found.steps)
        notices = list(self.binding.notices)
        shared = self._shared()
        if shared.height and template.group:
            notices += self._sink_groups(plan, shared)
        else:
            if shared.height:
                self._drop_duplicates(plan, shared)
            fine, failed = _split(plan)
            self._sink(plan, [fine], failed)
            self._sink_problems(_problems(plan, self._failed()))
        return self._result(notices)

    def discard(self, *names: str) -> None:
        """Remove files of the pass, as far as they are there."""
        for name in names:
            (self.folder / name).unlink(missing_ok=True)

    def misfits(self) -> pl.LazyFrame:
        """The rows, as the source has them, that may speak against how columns were read."""
        raw = [*ROW, *(raw_of(column) for column in self.binding.needed())]
        paths = [self.folder / name for name in (_FAILED, _GROUPS)]
        rows = pl.concat([pl.scan_parquet(path).select(raw) for path in paths if path.exists()])
        doubted = pl.col("_field").is_in(self.found.doubted())
        rejected = pl.scan_parquet(self.folder / REJECTIONS).filter(doubted)
        return rows.join(rejected.select("_record"), on="_record", how="semi")

    def _shared(self) -> pl.DataFrame:
        """The rows that share a key, as far as keys are known."""
        suspects = None if self.hashes is None else repeated(self.hashes)
        if suspects is None or suspects.is_empty():
            return pl.DataFrame(schema={"key": pl.String, "_record": pl.Int64})
        return shared_rows(self.frame, self.binding, suspects)

    def _check_unique(self, plan: Checked) -> None:
        """The rule ``unique``: values that repeat are looked up beforehand, by their hashes."""
        for bound in self.binding.fields:
            for step in bound.spec.rules:
                if step.name == "unique":
                    self._check_one_unique(plan, bound, step)

    def _check_one_unique(self, plan: Checked, bound: Bound, step: Step) -> None:
        value = pl.col(plan.values[bound.name])
        values = plan.frame.select(value.alias("value")).drop_nulls()
        hashes = values.select(pl.col("value").hash()).collect(engine="streaming").to_series()
        suspects = pl.LazyFrame({"hash": repeated(hashes)})
        twice = (
            values.with_columns(pl.col("value").hash().alias("hash"))
            .join(suspects, on="hash", how="semi")
            .group_by("value")
            .len()
            .filter(pl.col("len") > 1)
            .collect(engine="streaming")
        )
        if twice.height:
            mark = f"twice.{bound.name}"
            right = twice.lazy().select("value", pl.lit(True).alias(mark))
            plan.frame = plan.frame.join(
                right,
                left_on=plan.values[bound.name],
                right_on="value",
                how="left",
                maintain_order="left",
            )
            plan.checks.append(rule_check(bound, step, value, pl.col(mark).is_null()))

    def _drop_duplicates(self, plan: Checked, shared: pl.DataFrame) -> None:
        rule = self.binding.template.duplicates
        newest = None
        if isinstance(rule, Duplicates):
            said = rule.value
        else:
            said = f"newest {rule.newest}"
            when = pl.col(plan.values[rule.newest]).alias("when")
            newest = (
                plan.frame.select("_record", when)
                .join(shared.lazy().select("_record"), on="_record", how="semi")
                .collect(engine="streaming")
            )
        first_or_last = rule if isinstance(rule, Duplicates) else Duplicates.FIRST
        lost = dropped(shared, first_or_last, newest).lazy()
        plan.frame = plan.frame.join(lost, on="_record", how="left", maintain_order="left")
        raw = raw_text(self.binding.key)
        message = pl.format(
            f"stands also in record {{}}, which goes first (duplicates: {said})", "_kept"
        )
        header = " + ".join(self.binding.key)
        alone = pl.col("_kept").is_null()
        plan.checks.append(Check(alone, header, pl.lit("duplicate_key"), message, raw, raw))

    def _sink_groups(self, plan: Checked, shared: pl.DataFrame) -> list[str]:
        """Several rows per record: set those rows aside, and fold them from there.

        One bad row keeps the whole record out: a sum over the others would be wrong.
        """
        first = pl.col("_record").min().over("key").alias("_first")
        write({self.folder / MEMBERS: shared.lazy().select("_record", first)})
        aside = self.folder / _GROUPS
        keys = shared.lazy().select("key").unique()
        write({aside: plan.frame.join(keys, on="key", how="semi")})
        raw = raw_text(self.binding.key)
        grouped = Checked(pl.scan_parquet(aside), list(plan.checks), plan.values)
        own_fault = ~plan.passed()
        bad = grouped.frame.filter(own_fault).select("key").unique().collect()
        bad_keys = bad.lazy().with_columns(pl.lit(True).alias("_bad"))
        grouped.frame = grouped.frame.join(bad_keys, on="key", how="left", maintain_order="left")
        one = self.binding.template.object.singular
        message = pl.lit(f"is a {one} on several lines, and another of its lines was turned down")
        header = " + ".join(self.binding.key)
        together = pl.col("_bad").is_null() | own_fault
        grouped.checks.append(Check(together, header, pl.lit("group_rejected"), message, raw, raw))
        whole = grouped.frame.filter(grouped.passed())
        single = Checked(
            plan.frame.join(keys, on="key", how="anti", maintain_order="left"),
            plan.checks,
            plan.values,
        )
        fine, failed = _split(single)
        self._sink(single, [fine, merged(whole, plan, self.binding)], failed)
        lines = grouped.frame.filter(~grouped.passed())
        self._sink_problems(_problems(single, self._failed()), _problems(grouped, lines))
        return disagreements(whole, plan, self.binding)

    def _sink(self, plan: Checked, records: list[pl.LazyFrame], failed: pl.LazyFrame) -> None:
        """Write the records, and set the rows that failed aside."""
        renamed = {column: name for name, column in plan.values.items()}
        order = [*ROW, "_rows", "key", *plan.values]
        good = _one_after_another([part.rename(renamed).select(order) for part in records])
        sinks = {self.folder / _RECORDS: good, self.folder / _FAILED: failed}
        if self.hashes is not None:
            write(sinks)
            return
        with parts_of(sinks) as parts:
            self.hashes = carry_out([*parts, _hashed(plan.frame)])[-1].to_series()
            shared = self._shared()
            if shared.height:
                stop_on(shared, self.binding)

    def _failed(self) -> pl.LazyFrame:
        return pl.scan_parquet(self.folder / _FAILED)

    def _sink_problems(self, *problems: pl.LazyFrame) -> None:
        """Write what is wrong with the rows set aside.

        Not in the pass itself: many batches have a few such rows, and the words are worked out
        faster for all of them at once.
        """
        write({self.folder / REJECTIONS: pl.concat([*problems, self.malformed.lazy()])})

    def _result(self, notices: list[str]) -> Prepared:
        records, rejections = self.folder / _RECORDS, self.folder / REJECTIONS
        made, rows = (
            pl.scan_parquet(records).select(pl.len(), pl.col("_rows").sum()).collect().row(0)
        )
        problems = pl.scan_parquet(rejections)
        rejected = problems.select(pl.col("_record").n_unique()).collect().item()
        codes = problems.group_by("_code").len().sort("_code").collect()
        read = 0 if self.hashes is None else len(self.hashes)
        total = read + self.malformed["_record"].n_unique()
        if rows + rejected != total:
            raise AssertionError(f"{total} rows, but {rows} accepted and {rejected} rejected")
        return Prepared(
            records,
            rejections,
            total,
            made,
            rejected,
            rows - made,
            dict(codes.iter_rows()),
            {"key": " + ".join(self.binding.key)}
            | {bound.name: bound.header for bound in self.binding.fields if bound.columns},
            tuple(notices),
            self.found.decisions,
            self.found.proofs(),
        )


def _one_after_another(frames: Sequence[pl.LazyFrame]) -> pl.LazyFrame:
    return frames[0] if len(frames) == 1 else pl.concat(frames)


def _split(plan: Checked) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Rows that passed and rows that did not, told apart in one pass.

    The optimiser does not see that both begin alike once a step is a Python function, so the
    shared part is marked; in the streaming engine the mark hands batches on and keeps none.
    """
    plan.frame = plan.frame.with_columns(plan.passed().alias("_passed")).cache()
    rows = pl.lit(1, pl.Int64).alias("_rows")
    fine = plan.frame.filter("_passed").select(*ROW, rows, "key", *plan.values.values())
    return fine, by_themselves(plan.frame.filter(~pl.col("_passed")))


def _problems(plan: Checked, failed: pl.LazyFrame) -> pl.LazyFrame:
    """One line per problem of the rows that failed a check."""
    problems = pl.concat_list(check.problem() for check in plan.checks).list.drop_nulls()
    return (
        failed.select("_record", problems.alias("problem"))
        .explode("problem")
        .unnest("problem")
        .select(list(REJECTION))
    )
