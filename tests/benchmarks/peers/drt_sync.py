"""drt: a sync from a SQLite table to a REST destination that takes a hundred rows a request.

Sources: drt's README ("Quickstart"), its starter templates (``on_error: skip``), and the fields of
its REST destination (``body_mode: batch``, ``batch_template``, ``max_records_per_request``). It has
a HubSpot destination too, but that one writes row by row and knows one address only. A table of
the deals is made first, as a warehouse would have it; that takes well under a second of its time.
drt knows no headers: it is told how many requests a second it may send.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.peers.deals import BATCH, TOKEN, read_deals, task

if TYPE_CHECKING:
    from tests.benchmarks.peers.deals import Task

_FAST = 100_000

_BODY = """
{"inputs": [
{% for row in rows %}{"properties": {{ row | tojson_safe }}}
{%- if not loop.last %},{% endif %}{% endfor %}]}
"""


def main() -> None:
    """Make the project, unless it is there, and run it."""
    given = task()
    home = given.folder / "home"
    project = given.folder / "project"
    if not project.exists():
        _store(given)
        database = {"type": "sqlite", "database": str(given.folder / "deals.sqlite")}
        _write(home / ".drt/profiles.yml", {"bench": database})
        _write(project / "syncs/deals.yml", _sync(given))
        _write(project / "drt_project.yml", {"name": "bench", "version": "1", "profile": "bench"})
    quiet = {"HOME": str(home), "DO_NOT_TRACK": "1", "BENCH_TOKEN": TOKEN}
    command = [str(Path(sys.executable).with_name("drt")), "run"]
    subprocess.run(command, cwd=project, env=os.environ | quiet, check=False)


def _sync(given: Task) -> dict[str, Any]:
    destination = {
        "type": "rest_api",
        "url": given.create,
        "method": "POST",
        "headers": {"Content-Type": "application/json"},
        "auth": {"type": "bearer", "token_env": "BENCH_TOKEN"},
        "body_mode": "batch",
        "max_records_per_request": BATCH,
        "batch_template": _BODY,
    }
    options = {
        "mode": "full",
        "batch_size": 10 * BATCH,
        "on_error": "skip",
        "rate_limit": {"requests_per_second": given.rate or _FAST},
        "retry": {"max_attempts": 10, "initial_backoff": 1, "max_backoff": 10},
    }
    model = "SELECT * FROM deals"
    return {"name": "deals", "model": model, "destination": destination, "sync": options}


def _store(given: Task) -> None:
    deals = read_deals(given.source)
    first = next(deals)
    columns = ", ".join(f"{name} TEXT" for name in first)
    holders = ", ".join(f":{name}" for name in first)
    insert = f"INSERT INTO deals VALUES ({holders})"  # noqa: S608  # names of our own
    with sqlite3.connect(given.folder / "deals.sqlite") as database:
        database.execute(f"CREATE TABLE deals ({columns})")
        database.executemany(insert, chain([first], deals))
    database.close()


def _write(path: Path, content: dict[str, Any]) -> None:
    """A file of YAML, of which JSON is a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


if __name__ == "__main__":
    main()
