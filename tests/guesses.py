"""Guesses about files, without a command line."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from migrator.files import ReadOptions, open_source
from migrator.guess.columns import Profile, profile
from migrator.guess.draft import Draft, Target, draft
from migrator.guess.matching import match_columns
from migrator.model import Account, DealStatus, FieldInfo, ObjectType, Owner, Pipeline, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from migrator.guess.draft import Field
    from migrator.guess.sheets import Line

TODAY = date(2026, 11, 22)


def source(folder: Path, columns: Mapping[str, Sequence[object]]) -> Path:
    """A CSV of these columns."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "deals.csv"
    rows = [list(columns), *zip(*columns.values(), strict=True)]
    lines = [";".join(f'"{cell}"' for cell in row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def seen(folder: Path, file: Path) -> Profile:
    """The columns of a file."""
    folder.mkdir(exist_ok=True)
    return profile(open_source([file], ReadOptions(), folder), folder, TODAY)


def drafted(
    folder: Path,
    file: Path,
    account: Account | None = None,
    *,
    layouts: bool = True,
    creates: bool = True,
) -> Draft:
    """The draft of a template for a file."""
    matching = match_columns(seen(folder, file), account, layouts=layouts)
    return draft(matching, Target(account, creates))


def account(
    pipelines: Mapping[str, Iterable[Stage]] | None = None,
    owners: Iterable[Owner] = (),
    fields: Iterable[FieldInfo] = (),
) -> Account:
    """An account that has so much."""
    made = tuple(
        Pipeline(f"p{number}", label, tuple(stages))
        for number, (label, stages) in enumerate((pipelines or {}).items())
    )
    infos = {info.name: info for info in fields}
    return Account(
        "crm", "4711", "Example", made, tuple(owners), {ObjectType.DEALS: infos}, "EUR", (),
        "Europe/Paris",
    )  # fmt: skip


# -- a file that leaves nothing open ---------------------------------------------------------------

ROWS = 60
WON, LOST = DealStatus.WON, DealStatus.LOST
SALES = {
    "Sales": [
        Stage("1", "Demo"),
        Stage("2", "Proposal"),
        Stage("3", "Won", WON),
        Stage("4", "Lost", LOST),
    ]
}


def cycle(*values: str) -> list[str]:
    """The values again and again, one for each record."""
    return [values[n % len(values)] for n in range(ROWS)]


def columns(**more: Sequence[object]) -> dict[str, Sequence[object]]:
    """Columns that leave nothing open, but for what is replaced."""
    made: dict[str, Sequence[object]] = {
        "id": [f"K{n:04}" for n in range(ROWS)],
        "deal name": [f"Deal number {n}" for n in range(ROWS)],
        "stage": cycle("Demo", "Proposal", "Won"),
        "amount": [f"{n}.50" for n in range(ROWS)],
    }
    return {**made, **{name.replace("_", " "): values for name, values in more.items()}}


def of(
    folder: Path,
    crm: Account | None = None,
    *,
    creates: bool = True,
    without: str = "",
    **more: Sequence[object],
) -> Draft:
    """The draft for such a file."""
    made = columns(**more)
    made.pop(without, None)
    return drafted(folder / "seen", source(folder, made), crm, layouts=False, creates=creates)


def field(made: Draft, name: str) -> Field:
    """A field of the draft."""
    return next(each for each in made.fields if each.match.field == name)


def targets(sheet: Sequence[Line]) -> dict[str, str]:
    """Source to target."""
    return {line.source: line.target for line in sheet}
