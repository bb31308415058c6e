"""What every peer shares: its arguments, and the deals of the CSV as HubSpot's properties."""

from __future__ import annotations

import argparse
import csv
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tests.benchmarks.replies import KEY, PIPELINE, STAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_T = TypeVar("_T")

BATCH = 100
"""Most deals of one request."""

TOKEN = "bench"

NAMES = (
    KEY,
    "dealname",
    "pipeline",
    "dealstage",
    "amount",
    "deal_currency_code",
    "createdate",
    "closedate",
    "contract_number",
)
"""Properties of a deal, in the order of :func:`read_deals`."""


@dataclass(frozen=True)
class Task:
    """What to load, and how.

    Attributes:
        source: the CSV.
        url: of the server.
        folder: for the tool's own state; the same again when it is run again.
        parallel: requests at once, for a tool that can.
        rate: requests per second, for a tool that must be told; None = as fast as it can.
    """

    source: Path
    url: str
    folder: Path
    parallel: int
    rate: float | None

    @property
    def create(self) -> str:
        """The address of ``batch/create``."""
        return f"{self.url}/crm/v3/objects/deals/batch/create"


def task() -> Task:
    """Read the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=Path)
    parser.add_argument("url")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--parallel", type=int, default=5)
    parser.add_argument("--rate", type=float)
    return Task(**vars(parser.parse_args()))


def read_deals(source: Path) -> Iterator[dict[str, str]]:
    """Properties of each deal of the CSV."""
    with source.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            values = (
                row["Deal - ID"],
                row["Deal - Title"],
                PIPELINE,
                STAGES[row["Deal - Stage"]],
                row["Deal - Value"],
                row["Deal - Currency of Value"],
                f"{row['Deal - Deal created'].replace(' ', 'T')}Z",
                f"{row['Deal - Expected close date']}T00:00:00Z",
                row["Deal - Contract number"],
            )
            yield dict(zip(NAMES, values, strict=True))


def batches(items: Iterable[_T]) -> Iterator[list[_T]]:
    """Lists of a hundred."""
    left = iter(items)
    while batch := list(islice(left, BATCH)):
        yield batch
