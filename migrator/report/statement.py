"""All that the report of a run says, as one tree: its page and its JSON are made of exactly that.

Money is a mapping of a currency's code to an amount, and no two currencies are ever added up; the
blank code stands for amounts without a currency.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from migrator.report.books import Report

Money = dict[str, Decimal]


def added(moneys: Iterable[Money]) -> Money:
    """Sums by currency, with two digits behind the mark or more."""
    total: Money = {}
    for money in moneys:
        for code, amount in money.items():
            total[code] = total.get(code, Decimal(0)) + amount
    return {code: tidy(amount) for code, amount in total.items()}


def tidy(amount: Decimal) -> Decimal:
    """The same amount with two digits behind the mark, and more only where they say something.

    >>> tidy(Decimal("100.500000")), tidy(Decimal("0.1250"))
    (Decimal('100.50'), Decimal('0.125'))
    """
    cents = amount.quantize(Decimal("0.01"))
    return cents if cents == amount else Decimal(format(amount, "f").rstrip("0"))


class Standing(StrEnum):
    """What a verdict means for whoever is to sign."""

    GOOD = "good"
    OPEN = "open"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the run, in one sentence."""

    standing: Standing
    sentence: str


class Turn(StrEnum):
    """What a step of the waterfall does to the rows above it."""

    WHOLE = "whole"
    OUT = "out"
    IN = "in"
    CHECKED = "checked"


@dataclass(frozen=True, slots=True)
class Step:
    """One step from the source to the account.

    Attributes:
        name: what became of the rows: one of ``OUTCOMES``, ``source``, ``account``, ``verified``,
            or ``mended``, which are no rows but the money that retries have brought to light.
        money: as far as the amounts can be read.
        unreadable: rows whose amount cannot be read.
    """

    name: str
    turn: Turn
    rows: int
    money: Money = field(default_factory=dict)
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class Heap:
    """Rows and money of one stage, before or after."""

    rows: int = 0
    money: Money = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StageLine:
    """A stage, as the template has the source's and as the account calls its own.

    Attributes:
        sources: what the source calls it, where that is something else.
        before: in the source, rejected rows included; None = it has none of it.
        after: in the account; None = it holds none of the run's records in it.
        left: of those in the source, what is not loaded yet; None = nothing.
    """

    stage: str
    sources: tuple[str, ...]
    before: Heap | None
    after: Heap | None
    left: Heap | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """Records that stand in another stage of the account than their stage in the source.

    Where a CRM has stages for won and lost deals, ``status`` says why.
    """

    stage: str
    status: str
    target: str
    rows: int
    money: Money = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mapped:
    """A value of the source, and what was made of it.

    Attributes:
        source: as the file has it; blank = it says nothing.
        target: as the template has it; blank = nothing.
        user: who or what that is in the account, as far as it is known.
        rejected: of ``rows``, those that were rejected.
    """

    source: str
    target: str
    user: str
    rows: int
    rejected: int
    money: Money = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Example:
    """One row that was turned down: where it stands, what it has, and what is wrong with it."""

    record: int
    field: str
    value: str
    message: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Rows with one reason for not being written, or not wholly.

    ``of`` = ``rejected`` by our rules or the check, ``refused`` by the CRM (or parked, or written
    with an objection).
    """

    of: str
    code: str
    rows: int
    money: Money = field(default_factory=dict)
    examples: tuple[Example, ...] = ()
    said: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A field that was changed in records that were there: so many from one value to another."""

    field: str
    before: str
    after: str
    rows: int


@dataclass(frozen=True, slots=True)
class Moment:
    """Requests within some seconds from ``at`` on (seconds since the first one)."""

    at: int
    sent: int
    refused: int


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the quota: ``most`` requests (``ours`` of them) in ``seconds``.

    ``busiest`` = requests in the fullest window of ours, by the meter's moments.
    """

    seconds: float
    most: int
    ours: int
    busiest: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """The requests of one quota for one purpose: ``write``, ``verify`` or ``undo``.

    Attributes:
        bucket: which quota of the CRM; blank = its only one.
        since: when the first request left (ISO 8601).
        width: seconds of a moment.
    """

    what: str
    bucket: str
    since: str
    width: int
    sent: int
    refused: int
    moments: tuple[Moment, ...]
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class FieldLine:
    """How often a field is filled, in the source and in the account.

    Attributes:
        columns: of the file; none = the template fills it by itself.
        field: canonical; blank = the column was not taken over.
        filled: rows of the source in which one of the columns says something, of ``rows``.
        held: records of the run in the account that have the field, of ``records``; None = not
            known, or it is no plain field (a link).
        note: why it is not there.
    """

    columns: tuple[str, ...]
    field: str
    filled: int | None
    rows: int
    held: int | None
    records: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Download:
    """A file in the run's folder: ``path`` is relative to it; ``bytes`` None = it is still made."""

    name: str
    path: str
    bytes: int | None
    what: str


@dataclass(frozen=True, slots=True)
class Setting:
    """What the run was made with."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Happened:
    """What was done about the run besides the load itself."""

    at: str
    what: str


@dataclass(frozen=True, slots=True)
class Beside:
    """Records and money of one value of a dimension, ours beside the account's."""

    dimension: str
    value: str
    currency: str
    ours: int
    held: int
    ours_amount: Decimal
    held_amount: Decimal


@dataclass(frozen=True)
class Verified:
    """What the last verify of the run found.

    Attributes:
        at: when (ISO 8601).
        current: nothing was written since.
        agrees: nothing was left to do or to explain then.
        found: problems by name, without zeros.
        fields: records of ``checked`` in which the account has a field, by canonical field.
        stages: what the account holds in its own stages.
        sums: ours beside the account's.
    """

    at: str
    current: bool
    agrees: bool
    checked: int
    same: int
    found: dict[str, int] = field(default_factory=dict)
    fields: dict[str, int] = field(default_factory=dict)
    sums: tuple[Beside, ...] = ()
    stages: dict[str, Heap] = field(default_factory=dict)


@dataclass(frozen=True)
class Statement:
    """What is known of a run, for those who sign for it.

    Attributes:
        title: the CRM's name in prose.
        made_at: when the report was made (ISO 8601).
        version: of migrator, that made it.
        of: what the rows are: ``deals``.
        by: what tells the state after: ``verify`` or the run's ``books``.
        complete: whether the figures of the source are there; without them the parts on the source
            are blank.
    """

    books: Report
    title: str
    made_at: str
    version: str
    of: str
    verdict: Verdict
    by: str
    complete: bool
    waterfall: tuple[Step, ...] = ()
    stages: tuple[StageLine, ...] = ()
    moved: tuple[Moved, ...] = ()
    owner_map: tuple[Mapped, ...] = ()
    reasons: tuple[Reason, ...] = ()
    changes: tuple[Change, ...] = ()
    requests: tuple[Traffic, ...] = ()
    fields: tuple[FieldLine, ...] = ()
    downloads: tuple[Download, ...] = ()
    made_with: tuple[Setting, ...] = ()
    history: tuple[Happened, ...] = ()
    verification: Verified | None = None

    @property
    def currencies(self) -> tuple[str, ...]:
        """All currencies of the money in it, the one with most rows first where that is known."""
        found = {code for step in self.waterfall for code in step.money}
        return tuple(sorted(found))

    def data(self) -> dict[str, Any]:
        """As plain data: the books' own names, and the others beside them."""
        data = asdict(self)
        books: Mapping[str, Any] = data.pop("books")
        return {**books, "adds_up": self.books.adds_up, **data}


def statement_json(statement: Statement) -> str:
    """The statement as JSON; amounts as text, so that no digit is lost."""
    return json.dumps(statement.data(), indent=2, ensure_ascii=False, default=str)
