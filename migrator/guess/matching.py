"""Match the columns of a file to canonical fields and to fields of the target's own."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from migrator.guess.assignment import assigned
from migrator.guess.columns import ColumnKind
from migrator.guess.headers import (
    alike,
    custom_likeness,
    folded,
    header_likeness,
    names_owner_id,
    other_meaning,
)
from migrator.guess.layout import recognise
from migrator.guess.scoring import Score, scored
from migrator.guess.specs import takes
from migrator.guess.synonyms import FIELDS
from migrator.model import CUSTOM_PREFIX, ObjectType
from migrator.prepare.binding import fold
from migrator.template.loading import shipped_data

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from migrator.guess.columns import Column, Profile
    from migrator.guess.layout import Found, Layout
    from migrator.model import Account, FieldInfo

LEAST = 0.4
"""A guess that scores less is none."""
SURE = 0.75
"""A guess that scores less is asked about, where there is somebody to ask."""

_BESIDE_LAYOUT = 0.65
"""A template was made for its layout: what it leaves out is matched on better evidence only."""
_LABEL = 0.9
_CUSTOM_NAMED = 0.8
_OWNER_ID = 0.45


@dataclass(frozen=True, slots=True)
class Match:
    """A field and the columns that give it.

    Attributes:
        field: canonical name, or ``custom.<name>``.
        columns: in the order of picking; none = the same value for every record.
        score: from 0 to 1.
        reasons: why, in words.
        spec: what the field says beside ``from``, as plain data; None = not known yet.
        label: of a field of the target's own that is to be created; blank = it is there.
        doubt: why the field is written as a comment only; blank = it is in use.
        question: what somebody has to decide about it; blank = nothing.
        told: whether somebody was asked and said so.
    """

    field: str
    columns: tuple[str, ...]
    score: float
    reasons: tuple[str, ...]
    spec: Mapping[str, Any] | None = None
    label: str = ""
    doubt: str = ""
    question: str = ""
    told: bool = False

    @property
    def sure(self) -> bool:
        """Whether nobody needs to be asked."""
        return self.score >= SURE

    def data(self) -> dict[str, Any]:
        """The match as plain data."""
        return {
            "field": self.field,
            "columns": list(self.columns),
            "score": round(self.score, 2),
            "reasons": list(self.reasons),
            "in_use": not self.doubt,
            "doubt": self.doubt,
        }


@dataclass(frozen=True, slots=True)
class Matching:
    """What became of every column.

    Attributes:
        layout: the shipped template that the file was made for; None = none fits.
        matches: the key first, then canonical fields in their order, then ``custom.*``.
        candidates: canonical field to other columns that it could be, best first.
    """

    profile: Profile
    layout: Layout | None
    matches: tuple[Match, ...]
    candidates: Mapping[str, tuple[tuple[str, Score], ...]]

    def match(self, field: str) -> Match | None:
        """The match of a field."""
        return next((match for match in self.matches if match.field == field), None)

    def columns(self, field: str) -> tuple[str, ...]:
        """The columns that give a field."""
        match = self.match(field)
        return match.columns if match else ()

    @property
    def unmapped(self) -> tuple[Column, ...]:
        """The columns that no field in use is made of."""
        used = {name for match in self.matches if not match.doubt for name in match.columns}
        return tuple(column for column in self.profile.columns if column.name not in used)

    def with_match(self, match: Match) -> Matching:
        """The same with one field matched so; its columns are taken from other canonical fields.

        Not from or by a key of several columns, which are fields all the same.
        """
        kept = [
            other
            for other in self.matches
            if other.field != match.field
            and (
                other.field.startswith(CUSTOM_PREFIX)
                or _is_made(other)
                or _is_made(match)
                or not set(other.columns) & set(match.columns)
            )
        ]
        return replace(self, matches=ordered([*kept, match]))

    def without(self, field: str) -> Matching:
        """The same with nothing for a field."""
        return replace(self, matches=tuple(m for m in self.matches if m.field != field))


def _is_made(match: Match) -> bool:
    """Whether a match is a key made of several columns."""
    return match.field == "key" and len(match.columns) > 1


def match_columns(
    profile: Profile, account: Account | None = None, *, layouts: bool = True
) -> Matching:
    """Match every column to a field, or to none.

    Args:
        profile: the columns.
        account: its fields' labels tell which columns it has a place for.
        layouts: whether shipped templates are tried.
    """
    usable = _told_apart(profile.columns)
    layout = recognise([column.name for column in usable]) if layouts else None
    claimed = {column.name for column in usable if _of_account(column, account)}
    scores = _unclaimed(scored(usable), claimed)
    matches = _of_layout(layout) if layout else []
    matches += _by_scores(scores, matches, LEAST if layout is None else _BESIDE_LAYOUT)
    if not any(match.field == "owner" for match in matches):
        matches += _owner_ids(usable, matches)
    matches += _customs(usable, matches, account)
    candidates = {
        field: tuple(sorted(row.items(), key=lambda pair: -pair[1].value))
        for field, row in scores.items()
    }
    return Matching(profile, layout, ordered(matches), candidates)


def _told_apart(columns: Iterable[Column]) -> list[Column]:
    """The columns that a template can name: of those with one header, the first."""
    seen: dict[str, Column] = {}
    for column in columns:
        seen.setdefault(fold(column.name), column)
    return list(seen.values())


def ordered(matches: Sequence[Match]) -> tuple[Match, ...]:
    """The key first, then canonical fields in their order, then the target's own."""
    order = {name: number for number, name in enumerate(FIELDS)}
    return tuple(sorted(matches, key=lambda match: order.get(match.field, len(order))))


def _unclaimed(
    scores: dict[str, dict[str, Score]], claimed: Collection[str]
) -> dict[str, dict[str, Score]]:
    """The scores but for columns called as a field of the account, unless they mean a field."""
    return {
        field: {
            name: score
            for name, score in row.items()
            if name not in claimed or header_likeness(name, field).score >= _LABEL
        }
        for field, row in scores.items()
    }


# -- of a layout that is known ---------------------------------------------------------------------


def _of_layout(layout: Layout) -> list[Match]:
    fields = shipped_data(layout.template.name)["fields"]
    return [
        Match(
            name,
            tuple(each.column for each in found),
            1.0 if all(each.exact for each in found) else 0.9,
            tuple(_said(layout, each) for each in found[:1]),
            {k: v for k, v in fields.get(name, {}).items() if k != "from"},
            _label(layout, name),
        )
        for name, found in layout.fields.items()
    ]


def _said(layout: Layout, found: Found) -> str:
    name = layout.template.name
    if found.exact:
        return f"header '{found.column}' as in the layout {name}"
    return f"header '{found.column}' is like '{found.alias}' of the layout {name}"


def _label(layout: Layout, field: str) -> str:
    created = {f"{CUSTOM_PREFIX}{new.name}": new.label for new in layout.template.create.fields}
    return created.get(field, "")


# -- by headers and values -------------------------------------------------------------------------


def _by_scores(
    scores: Mapping[str, Mapping[str, Score]], known: Sequence[Match], least: float
) -> list[Match]:
    """The best assignment of the columns that are left to the fields that are left."""
    fields = {match.field for match in known}
    # A field of the target's own does not keep a column from the place where everybody looks.
    taken = {
        column
        for match in known
        if not match.field.startswith(CUSTOM_PREFIX)
        for column in match.columns
    }
    left = {
        field: {name: score.value for name, score in row.items() if name not in taken}
        for field, row in scores.items()
        if field not in fields
    }
    return [
        Match(field, (column,), scores[field][column].value, scores[field][column].reasons)
        for field, column in assigned(left, least).items()
    ]


def _owner_ids(columns: Sequence[Column], known: Sequence[Match]) -> list[Match]:
    """The column that names owners by ids, which mean nothing in another CRM."""
    taken = {c for m in known if not m.field.startswith(CUSTOM_PREFIX) for c in m.columns}
    for column in columns:
        if names_owner_id(column.name) and column.filled and column.name not in taken:
            ids = f"ids of {column.distinct:,} people, and no addresses"
            reasons = (f"header '{column.name}' means 'owner id'", ids)
            return [Match("owner", (column.name,), _OWNER_ID, reasons)]
    return []


# -- fields of the target's own --------------------------------------------------------------------


def _customs(
    columns: Sequence[Column], known: Sequence[Match], account: Account | None
) -> list[Match]:
    """Fields of the target for columns that no field is made of yet."""
    taken = {column for match in known for column in match.columns}
    names = {match.field for match in known}
    found: list[Match] = []
    for column in columns:
        if column.name in taken or not column.filled:
            continue
        match = _of_account(column, account) or _usual(column)
        if match and match.field not in names:
            names.add(match.field)
            found.append(match)
    return found


def _of_account(column: Column, account: Account | None) -> Match | None:
    """The field of the account that is called as the column is."""
    if account is None:
        return None
    fields = account.fields.get(ObjectType.DEALS, {}).values()
    rated = [
        (max(_label_likeness(column, text) for text in (info.label, info.name)), info)
        for info in fields
        if _free(info) and takes(info, column)
    ]
    if not rated:
        return None
    score, info = max(rated, key=lambda pair: pair[0])
    if score < _LABEL:
        return None
    reason = f"header '{column.name}' is the account's field '{info.label}'"
    return Match(CUSTOM_PREFIX + info.name, (column.name,), score, (reason,))


def _label_likeness(column: Column, label: str) -> float:
    return alike(re.sub(r"^\w+ - ", "", column.name), label)


def _free(info: FieldInfo) -> bool:
    """Whether a field may be written, and is none that has a canonical name."""
    if info.read_only or info.name.startswith("migrator_"):
        return False
    return all(header_likeness(info.label, field).score < _LABEL for field in FIELDS)


def _usual(column: Column) -> Match | None:
    """The usual field that the header names; it is to be created."""
    name, likeness = custom_likeness(column.name)
    if likeness.score < _CUSTOM_NAMED:
        return None
    label = name.replace("_", " ").capitalize()
    return Match(
        CUSTOM_PREFIX + name, (column.name,), likeness.score, (likeness.reason,), None, label
    )


def field_name(header: str, taken: Collection[str] = ()) -> str:
    """An internal name for a field that a column could become.

    >>> field_name("Opp Close Date (Simulated)"), field_name("Größe"), field_name("—")
    ('opp_close_date_simulated', 'grosse', 'column')
    """
    stem = re.sub(r"[^a-z0-9]+", "_", folded(header)).strip("_")[:50] or "column"
    if not stem[0].isalpha():
        stem = f"x_{stem}"
    name, number = stem, 2
    while name in taken:
        name, number = f"{stem}_{number}", number + 1
    return name


_MEANT = {
    "key": "the id of a record",
    "name": "the name of a deal",
    "close_date": "the date of closing",
    "created_at": "the date of creation",
    "contacts": "the contact's e-mail address",
    "companies": "the company",
}


def meant(field: str) -> str:
    """What a canonical field is, in a question.

    >>> meant("key"), meant("stage")
    ('the id of a record', 'the stage')
    """
    return _MEANT.get(field, f"the {field}")


def label_of(header: str) -> str:
    """A label for a field that a column could become, as people write it.

    >>> label_of("Zuständig"), label_of("SALES_REP"), label_of("Région / Zone")
    ('Zuständig', 'Sales rep', 'Région zone')
    """
    return " ".join(re.split(r"[\W_]+", header)).strip().capitalize() or header


def meaning(column: Column) -> str:
    """Why a column is left out, or what it is; blank where there is nothing to say."""
    if column.kind is ColumnKind.BLANK:
        return "blank in every record"
    if header_likeness(column.name, "contacts").score >= _LABEL and not column.share("e-mail"):
        return "no e-mail addresses, by which contacts are found"
    return other_meaning(column.name)
