"""A template in the making: what was matched, completed with what a load cannot do without."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from migrator.guess.completing import (
    complete_key,
    complete_name,
    key_candidates,
    key_question,
    placeholders,
)
from migrator.guess.currencies import (
    complete_currency,
    currency_question,
    currency_sheet,
    open_signs,
)
from migrator.guess.deals import no_deals
from migrator.guess.matching import Match, meant, ordered
from migrator.guess.owners import with_owners
from migrator.guess.places import Places, Seen, places
from migrator.guess.readings import read_values
from migrator.guess.rivals import rival_amounts, rival_question
from migrator.guess.sheets import Line, lines
from migrator.guess.specs import spec_of
from migrator.guess.stages import status_in
from migrator.guess.tally import Sources, tally
from migrator.model import CUSTOM_PREFIX, DealStatus, NewField, ObjectType
from migrator.template.loading import shipped_data

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migrator.guess.matching import Matching
    from migrator.guess.tally import Counted
    from migrator.model import Account, FieldInfo

_EXPECTED = ("key", "name", "stage", "amount", "close_date", "owner")
_CODES = 0.9
"""Where more currencies than this are codes, as the layout has them, no value map is made."""
_PIPELINE = "Imported deals"


@dataclass(frozen=True, slots=True)
class Target:
    """What is known of the account that the deals go to.

    Attributes:
        account: None = nothing is known of it.
        creates: whether pipelines and stages can be created in it.
        zone: of times in the file that do not tell theirs; blank = nobody has said.
        currencies: sign of a currency to the code that somebody says it stands for.
        values: the folder of the value maps, beside the template.
    """

    account: Account | None = None
    creates: bool = True
    zone: str = ""
    currencies: Mapping[str, str] = field(default_factory=dict)
    values: str = "values"

    @property
    def home(self) -> str | None:
        """The account's own currency."""
        return self.account.currency if self.account else None


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the template.

    Attributes:
        spec: what is written, ``from`` first, as plain data.
        notes: comments above it, beside what the match says.
        questions: what somebody has to decide.
    """

    match: Match
    spec: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """All that is written.

    Attributes:
        key: of the template, as plain data.
        key_question: what somebody has to say about it; blank = nothing.
        sheets: field to its value map.
        create: fields to create.
        missing: texts that mean blank, beside the empty one.
        files: how to read the files, where a layout says so.
        zoneless: the columns of times whose zone the file does not tell.
        zone: theirs; blank = nobody has said.
        signs: those that can stand for several currencies, with the codes.
        foreign: why the file looks like none of deals; blank = it looks like one.
        rivals: columns that could be the amount, the one in use first, with their sums.
        keys: columns that could be the key together, where there is none.
        values: the folder of the value maps, beside the template.
    """

    matching: Matching
    key: Mapping[str, Any]
    key_notes: tuple[str, ...]
    key_question: str
    fields: tuple[Field, ...]
    sheets: Mapping[str, tuple[Line, ...]]
    places: Places
    create: tuple[NewField, ...]
    missing: tuple[str, ...]
    files: Mapping[str, Any] = field(default_factory=dict)
    zoneless: tuple[str, ...] = ()
    zone: str = ""
    signs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    foreign: str = ""
    rivals: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[tuple[str, ...], ...] = ()
    values: str = "values"

    @property
    def questions(self) -> tuple[str, ...]:
        """All that somebody has to decide, but for the values without a target."""
        asked = [self.foreign, self.key_question]
        asked += [question for each in self.fields for question in each.questions]
        return tuple(text for text in asked if text)

    @property
    def absent(self) -> tuple[str, ...]:
        """Fields that nearly every file of deals has, and this one does not seem to have."""
        return tuple(name for name in _EXPECTED if self.matching.match(name) is None)

    @property
    def undecided(self) -> tuple[str, ...]:
        """The columns in use that can be read in two ways."""
        names = {name: None for match in self.matching.matches for name in match.columns}
        readings = {name: self.matching.profile.column(name).reading for name in names}
        return tuple(name for name, reading in readings.items() if reading and reading.question)


def draft(matching: Matching, target: Target) -> Draft:
    """Complete what was matched: key, name, pipeline, stages, value maps, fields to create."""
    account = target.account
    foreign = no_deals(matching)
    if foreign:
        matching = matching.without("amount")  # nothing but digits speaks for it
    matching = complete_name(complete_key(matching))
    matching = complete_currency(matching, target.currencies, target.home)
    matching, owners = with_owners(matching, _money(matching), account, target.values)
    layout = shipped_data(matching.layout.template.name) if matching.layout else {}
    sources = replace(_money(matching), pipeline=matching.columns("pipeline"))
    statuses = _counted(matching, "status", _money(matching))
    found = places(_seen(matching, sources, statuses, layout), account, creates=target.creates)
    matching, found = _placed(matching, found)
    sheets: dict[str, tuple[Line, ...]] = {
        "pipeline": found.pipelines,
        "stage": found.stages,
        "status": _status_sheet(statuses, found, matching, layout),
        "owner": owners,
        "currency": _currencies(matching, target),
        **_choices(matching, account),
    }
    sheets = {name: sheet for name, sheet in sheets.items() if sheet}
    rivals = rival_amounts(matching)
    keys = key_candidates(matching)
    fields = tuple(
        _field(matching, match, sheets, target, rivals)
        for match in matching.matches
        if match.field != "key"
    )
    key = matching.match("key")
    return Draft(
        matching,
        _key(key, layout),
        key.reasons if key else ("no column has a value of its own in each record",),
        _key_question(key, keys),
        fields,
        sheets,
        found,
        _to_create(matching, account),
        placeholders(matching),
        layout.get("files", {}),
        _zoneless(matching),
        target.zone,
        open_signs(matching, target.currencies, target.home),
        foreign,
        rivals,
        tuple(columns for columns, _ in keys),
        target.values,
    )


def _key_question(key: Match | None, keys: Sequence[tuple[tuple[str, ...], float]]) -> str:
    return _unsure(key) if key else key_question(keys)


def _unsure(match: Match) -> str:
    """What to say of a guess that somebody should confirm; blank where it is sure, or waits."""
    if match.sure or match.doubt or not match.columns:
        return ""
    why = "; ".join(match.reasons)
    columns = " + ".join(match.columns)
    return f"is {columns} {meant(match.field)}? It is a guess ({match.score:.0%}: {why})"


def _currencies(matching: Matching, target: Target) -> tuple[Line, ...]:
    """The value map of a column of signs or names; a transform reads those in amounts."""
    match = matching.match("currency")
    if match is None or not match.columns or match.columns == matching.columns("amount")[:1]:
        return ()
    codes = matching.profile.column(match.columns[0]).share("currency code")
    if matching.layout and codes >= _CODES:
        return ()  # what few others there are is decided when the file is checked
    counted = _counted(matching, "currency", replace(_money(matching), currency=()))
    return currency_sheet(counted, target.currencies, target.home)


def _money(matching: Matching) -> Sources:
    """What values are counted by, whatever the pipeline."""
    amount, currency = matching.columns("amount"), matching.columns("currency")
    return Sources((), amount, () if set(amount) & set(currency) else currency)


def _counted(matching: Matching, name: str, sources: Sources) -> list[Counted]:
    columns = matching.columns(name)
    return tally(matching.profile, columns, sources) if columns else []


def _key(match: Match | None, layout: Mapping[str, Any]) -> dict[str, Any]:
    if match is None:
        return {"from": ["id"]}
    prefix = {"prefix": layout["key"]["prefix"]} if "prefix" in layout.get("key", {}) else {}
    if len(match.columns) > 1:
        return {"parts": [{"from": [column]} for column in match.columns], **prefix}
    return {"from": list(match.columns), **prefix}


def _zoneless(matching: Matching) -> tuple[str, ...]:
    """The columns of times in use that do not say their zone."""
    found = []
    for match in matching.matches:
        for name in match.columns:
            reading = matching.profile.column(name).reading
            if match.field in {"close_date", "created_at"} and reading and not reading.zoned:
                found.append(name)
    return tuple(found)


# -- where deals go --------------------------------------------------------------------------------


def _seen(
    matching: Matching, sources: Sources, statuses: Sequence[Counted], layout: Mapping[str, Any]
) -> Seen:
    pipelines = _counted(matching, "pipeline", _money(matching))
    default = layout.get("fields", {}).get("pipeline", {}).get("default", "")
    named = {found for each in statuses if (found := status_in(each.value)) is not None}
    return Seen(
        pipelines,
        _counted(matching, "stage", sources),
        named & {DealStatus.WON, DealStatus.LOST},
        default or _PIPELINE,
        _chances(matching),
    )


def _chances(matching: Matching) -> dict[str, str]:
    """Stage, in small letters, to the mean probability of its deals, from 0 to 1."""
    stage, chance = matching.columns("stage"), matching.columns("probability")
    reading = matching.profile.column(chance[0]).reading if chance else None
    if not stage or reading is None:
        return {}
    scale = 1 if float(reading.largest or 0) <= 1 else 100
    means = (
        matching.profile.scan(list(dict.fromkeys((stage[0], chance[0]))))
        .group_by(pl.col(stage[0]).str.to_lowercase().alias("stage"))
        .agg(read_values(pl.col(chance[0]), reading).cast(pl.Float64).mean().alias("chance"))
        .drop_nulls()
        .collect(engine="streaming")
    )
    return {
        name: f"{min(1.0, max(0.0, mean / scale)):.2f}".rstrip("0").rstrip(".")
        for name, mean in means.iter_rows()
    }


def _placed(matching: Matching, found: Places) -> tuple[Matching, Places]:
    """With a pipeline for all, and the status that a stage means, where no column has them."""
    if found.default:
        match = Match("pipeline", (), 1.0, (found.reason,), {"default": found.default})
        matching = matching.with_match(match)
    closed = {DealStatus.WON, DealStatus.LOST} & set(found.statuses.values())
    if matching.match("status") is None and closed:
        stage = matching.match("stage")
        if stage:
            reason = "the stage says whether a deal is won or lost"
            status = Match("status", stage.columns, 1.0, (reason,))
            matching = replace(matching, matches=ordered([*matching.matches, status]))
    return matching, found


def _status_sheet(
    statuses: Sequence[Counted], found: Places, matching: Matching, layout: Mapping[str, Any]
) -> tuple[Line, ...]:
    status, stage = matching.columns("status"), matching.columns("stage")
    if not status:
        return ()
    if status == stage:
        return tuple(
            Line("", line.source, found.statuses[line.source.lower()].value, line.rows, line.amount)
            for line in _once(found.stages)
            if line.source.lower() in found.statuses
        )
    told = layout.get("fields", {}).get("status", {}).get("values", {})
    known = {value.lower(): target for value, target in told.items()}
    words = {
        each.value.lower(): word.value
        for each in statuses
        if (word := status_in(each.value)) is not None
    }
    return lines(statuses, {}, words | known)


def _once(sheet: Sequence[Line]) -> list[Line]:
    """One line for each value, whatever the pipeline; their records added up."""
    found: dict[str, Line] = {}
    for line in sheet:
        before = found.get(line.source)
        rows = line.rows + (before.rows if before else 0)
        amount = "" if before else line.amount
        found[line.source] = replace(line, pipeline="", rows=rows, amount=amount)
    return list(found.values())


# -- options ----------------------------------------------------------------------------


def _choices(matching: Matching, account: Account | None) -> dict[str, tuple[Line, ...]]:
    """Value maps of the account's own fields that people choose from."""
    found = {}
    for match in matching.matches:
        info = _info(match, account)
        if info is None or info.kind != "choice" or not info.options:
            continue
        names = {label or value: [label, value] for value, label in info.options.items()}
        counted = tally(matching.profile, match.columns, _money(matching))
        found[match.field] = lines(counted, names)
    return found


def _info(match: Match, account: Account | None) -> FieldInfo | None:
    if account is None or not match.field.startswith(CUSTOM_PREFIX):
        return None
    return account.fields.get(ObjectType.DEALS, {}).get(match.field.removeprefix(CUSTOM_PREFIX))


def _to_create(matching: Matching, account: Account | None) -> tuple[NewField, ...]:
    return tuple(
        NewField(match.field.removeprefix(CUSTOM_PREFIX), match.label)
        for match in matching.matches
        if match.label and not match.doubt and _info(match, account) is None
    )


# -- fields ----------------------------------------------------------------------------------------


def _field(
    matching: Matching,
    match: Match,
    sheets: Mapping[str, tuple[Line, ...]],
    target: Target,
    rivals: Mapping[str, str],
) -> Field:
    account = target.account
    spec, notes, question = spec_of(matching, match, _info(match, account), account)
    sheet = sheets.get(match.field)
    if sheet:
        spec.pop("values", None)
        spec["values_file"] = f"{target.values}/{match.field}.csv"
        left = [line for line in sheet if not line.decided]
        if left:
            rows = sum(line.rows for line in left)
            named = ", ".join(line.source for line in left[:3])
            named += " and others" if len(left) > 3 else ""
            values = "1 value" if len(left) == 1 else f"{len(left):,} values"
            notes = (*notes, f"no target yet for {values}, in {rows:,} of the records: {named}")
    asked = match.question
    if match.field == "currency" and sheet:
        asked = currency_question(match.columns[0], sheet, target.home)
    other = rival_question(rivals) if match.field == "amount" else ""
    each = (_unsure(match), other, asked, question)
    return Field(match, spec, notes, tuple(text for text in each if text))
