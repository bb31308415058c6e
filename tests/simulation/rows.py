"""Rows of a source, as a seed makes them and as a night later they have changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from pathlib import Path

PIPELINE = "Renewals"
STAGES = ("Due", "Won", "Lost")
OWNERS = ("anna.berg@example.com", "bruno.costa@example.com")
NAMES = ("Roof", 'Roof, "north side"', "Dach; Süd", "Œuvre 12", "屋根", "O'Neil & Co", "=1+1")
OFFICE = "office@example.com"


@dataclass(frozen=True, slots=True)
class Row:
    """A deal of the source.

    Attributes:
        trap: its value of the CRM's own trap: a field by which the CRM may turn it down.
    """

    key: str
    name: str
    stage: str
    amount: Decimal | None
    owner: str | None
    region: str | None
    contacts: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()
    trap: str | None = None

    def values(self, trap: str) -> dict[str, str | None]:
        """Canonical fields, as the record of it has them."""
        found = {
            "name": self.name,
            "pipeline": PIPELINE,
            "stage": self.stage,
            "amount": None if self.amount is None else canonical(self.amount),
            "owner": self.owner,
            "custom.region": self.region,
        }
        if self.trap is not None:
            found[trap] = self.trap
        return found


def canonical(amount: Decimal) -> str:
    """An amount as records have it: plain digits, no zeros at the end."""
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def make_rows(rng: random.Random, count: int, companies: int) -> list[Row]:
    """So many rows; a row has at most so many companies."""
    people = [f"p{n}@example.com" for n in range(rng.randint(1, 6))]
    firms = [f"Firm {n}" for n in range(rng.randint(1, 4))]
    linked = rng.random()
    return [
        Row(
            key=f"K-{number:03}",
            name=f"{rng.choice(NAMES)} {number}",
            stage=rng.choice(STAGES),
            amount=_amount(rng),
            owner=rng.choice((None, *OWNERS)),
            region=rng.choice((None, "North", "Süd, West", "East")),
            contacts=_some(rng, people, 2) if rng.random() < linked else (),
            companies=_some(rng, firms, companies) if rng.random() < linked else (),
        )
        for number in range(1, count + 1)
    ]


def _amount(rng: random.Random) -> Decimal | None:
    if rng.random() < 0.1:
        return None
    return Decimal(rng.randrange(1, 5_000_000)) / 100


def _some(rng: random.Random, names: Sequence[str], most: int) -> tuple[str, ...]:
    return tuple(rng.sample(names, min(len(names), rng.randint(1, most))))


def changed(rng: random.Random, row: Row) -> Row:
    """The same row a night later: something is different, or a link was added."""
    match rng.randrange(4):
        case 0:
            return replace(row, name=f"{row.name} renamed")
        case 1:
            return replace(row, amount=(row.amount or Decimal(0)) + Decimal("1.25"))
        case 2:
            return replace(row, stage=rng.choice(STAGES), owner=rng.choice(OWNERS))
        case _:
            more = f"p{rng.randrange(6)}@example.com"
            return replace(
                row, region="Centre", contacts=tuple({**dict.fromkeys(row.contacts), more: None})
            )


def write_rows(rows: Sequence[Row], trap: str, path: Path) -> None:
    """Rows as prepared records: the Parquet file that a plan is made of."""
    values = [row.values(trap) for row in rows]
    names = ("name", "pipeline", "stage", "amount", "owner", "custom.region", trap)
    columns: dict[str, object] = {
        "_file": ["deals.csv"] * len(rows),
        "_record": list(range(1, len(rows) + 1)),
        "_line": list(range(2, len(rows) + 2)),
        "key": [row.key for row in rows],
        **{name: [one.get(name) for one in values] for name in names},
        "contacts": [list(row.contacts) for row in rows],
        "companies": [list(row.companies) for row in rows],
    }
    schema = dict.fromkeys(columns, pl.String()) | {
        "_record": pl.Int64(),
        "_line": pl.Int64(),
        "contacts": pl.List(pl.String()),
        "companies": pl.List(pl.String()),
    }
    pl.DataFrame(columns, schema=schema).write_parquet(path, statistics=False)


def as_csv(rows: Sequence[Row], trap: str) -> str:
    """The same rows as a file of the source's own."""
    lines = [["id", "title", "stage", "amount", "owner", "region", "trap", "people", "firms"]]
    for row in rows:
        values = row.values(trap)
        texts = [row.key, row.name, row.stage]
        texts += [values[name] or "" for name in ("amount", "owner", "custom.region")]
        texts += [row.trap or "", ";".join(row.contacts), ";".join(row.companies)]
        lines.append(texts)
    quoted = (",".join('"' + text.replace('"', '""') + '"' for text in line) for line in lines)
    return "\n".join(quoted) + "\n"
