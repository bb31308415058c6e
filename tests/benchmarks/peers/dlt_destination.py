"""dlt with a custom destination, a hundred items a call.

Sources: dlt's documentation, "Custom destination: reverse ETL" (``batch_size``; a failed job goes
on after the batches that were loaded), "Performance" (files of limited length, so that several are
loaded at once), and "Requests wrapper" (its session, which repeats after 429, 5xx and cut
connections). A file may have so many deals that there is one for each request allowed at once.
"""

from __future__ import annotations

import os
from typing import Any

import dlt  # type: ignore[import-not-found,unused-ignore]  # of the extra
from dlt.sources.helpers.requests import (  # type: ignore[import-not-found,unused-ignore]
    Client,
)

from tests.benchmarks.peers.deals import BATCH, NAMES, TOKEN, read_deals, task

_LEAST = 1_000
"""Fewer deals are not worth a file of their own."""


def main() -> None:
    """Extract, normalize and load; what a run before has left is loaded first."""
    given = task()
    with given.source.open("rb") as file:
        count = sum(1 for _ in file) - 1
    most = max(_LEAST, -(-count // given.parallel))
    os.environ |= {
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": str(most),
        "LOAD__WORKERS": str(given.parallel),
    }
    client = Client(request_max_attempts=10, request_backoff_factor=1, request_max_retry_delay=10)

    def post(items: list[dict[str, Any]], table: dict[str, Any]) -> None:
        del table
        client.post(
            given.create,
            json={"inputs": [{"properties": item} for item in items]},
            headers={"Authorization": f"Bearer {TOKEN}"},
        )

    hubspot = dlt.destination(batch_size=BATCH, name="hubspot")(post)
    rows = read_deals(given.source)
    texts = {name: {"data_type": "text"} for name in NAMES}  # not guessed from how they look
    deals = dlt.resource(rows, name="deals", columns=texts, max_table_nesting=0)
    home = str(given.folder / "pipelines")
    dlt.pipeline("bench", destination=hubspot, pipelines_dir=home).run(deals)


if __name__ == "__main__":
    main()
