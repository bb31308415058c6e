"""What a layout is: a file's name, its columns, its wrong and odd rows and how it is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from sample_data.mistakes import Mistake, Oddity, Row
    from sample_data.world import Deal

    Write = Callable[[Path, Sequence[str], Sequence[Row]], None]


def spelt(day: date | None, number: int) -> str:
    """A day as one of three people writes it."""
    if day is None:
        return ""
    month = day.strftime("%B")
    return (f"{day}", f"{day:%d.%m.%Y}", f"{day.day} {month} {day.year}")[number % 3]


def at(moment: datetime) -> datetime:
    """A moment of the invented world as an instant."""
    return moment.replace(tzinfo=UTC)


def day_or_instant(deal: Deal) -> datetime | None:
    """When a deal was closed, or the midnight of the day on which it is expected to be."""
    if deal.closed:
        return at(deal.closed)
    return at(datetime.combine(deal.expected, time())) if deal.expected else None


@dataclass(frozen=True, slots=True)
class Layout:
    """One sample file.

    Attributes:
        file: its name.
        rows: data rows, the wrong ones among them.
        cells: a deal, contact, company or note as header to cell, in the order of the columns.
        write: writes header and rows.
        template: name of the shipped template that reads it; blank where none does.
        mistakes: the kinds of wrong rows.
        currencies: of its deals, the most frequent first.
        answers: what the template has to be told before it takes the file, as lines of YAML; for
            the template alone leaves a question open, and migrator asks it instead of guessing.
        oddities: what is odd and costs no row.
        also: what a copy of the template says besides, as lines of YAML, so that it is mended.
        truth: a deal as canonical field to what is read of it, however odd it is written.
        use: what a file without a template is for.
        items: what its rows are of; None = deals of its own.
    """

    file: str
    rows: int
    cells: Callable[[Any], dict[str, object]]
    write: Write
    template: str = ""
    mistakes: tuple[Mistake, ...] = ()
    currencies: tuple[str, ...] = ("EUR",)
    answers: tuple[str, ...] = ()
    oddities: tuple[Oddity, ...] = ()
    also: tuple[str, ...] = ()
    truth: Callable[[Any], Mapping[str, Any]] | None = None
    use: str = ""
    items: Callable[[], Sequence[Any]] | None = None

    @property
    def columns(self) -> str:
        """What names its columns: the template that reads them, or the file's name."""
        return self.template or self.file

    @property
    def wrong(self) -> int:
        """How many rows are wrong on purpose."""
        return sum(mistake.times for mistake in self.mistakes)
