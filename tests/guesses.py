"""Guesses about files, without a command line."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from migrator.files import ReadOptions, open_source
from migrator.guess.columns import Profile, profile
from migrator.guess.draft import Draft, Target, draft
from migrator.guess.matching import match_columns
from migrator.model import Account, FieldInfo, ObjectType, Owner, Pipeline, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

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
