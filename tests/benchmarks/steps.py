"""Single steps, each in a process of its own: ``python -m tests.benchmarks.steps STEP ...``.

Each writes one JSON object with its ``seconds``, its imports left out.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from migrator.journal import Journal, Memory, Retries
from migrator.runs.execution import execute
from migrator.runs.inputs import Request, read_inputs
from migrator.runs.planning import plan_run
from migrator.runs.target import Target, connected
from migrator.runs.workspace import Workspace
from migrator.vendors.registry import product
from migrator.wire import SystemClock
from tests.benchmarks.running import ensure_well, run
from tests.benchmarks.tools import TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.benchmarks.running import Ran

_SHIPPED = "pipedrive"


def measure(folder: Path, *arguments: str) -> tuple[dict[str, float], Ran]:
    """Run one step in a process of its own: what it told, and how it ran."""
    command = [sys.executable, "-m", "tests.benchmarks.steps", *arguments]
    ran = run(command, folder)
    ensure_well(ran, folder)
    return json.loads(ran.output.splitlines()[-1]), ran


# -- preparing -------------------------------------------------------------------------------------


def bare(source: str) -> dict[str, float]:
    """What polars alone takes to read the file as text and write it as Parquet."""
    pl.scan_csv(source, infer_schema=False).sink_parquet("bare.parquet")
    return {}


def prepare(source: str) -> dict[str, float]:
    """Scan, rules, transforms, records, and rejects.csv, with a shipped template."""
    folder = Path.cwd()
    inputs = read_inputs(Request(_SHIPPED, (source,)), folder)
    inputs.write_rejects(folder / "rejects.csv")
    return {}


# -- the journal's part ----------------------------------------------------------------------------


class Stopwatch:
    """Adds up the time that is spent within the methods of classes, calls of each other once."""

    def __init__(self, *classes: type, now: Callable[[], float] = time.perf_counter) -> None:
        self.seconds = 0.0
        self._now = now
        self._depth = 0
        self._since = 0.0
        for watched in classes:
            for name, member in vars(watched).copy().items():
                if inspect.isfunction(member) and not name.startswith("_"):
                    setattr(watched, name, self._timed(member))

    def _timed(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **options: Any) -> Any:
            given = [self._outside(arg) if inspect.isgenerator(arg) else arg for arg in args]
            self._enter()
            try:
                found = method(*given, **options)
            finally:
                self._leave()
            return self._each(found) if inspect.isgenerator(found) else found

        return timed

    def _each(self, items: Iterator[Any]) -> Iterator[Any]:
        """Time what a generator does, not what is done with its items."""
        while True:
            self._enter()
            try:
                item = next(items)
            except StopIteration:
                return
            finally:
                self._leave()
            yield item

    def _outside(self, items: Iterator[Any]) -> Iterator[Any]:
        """Leave out what the caller does to make what is stored."""
        while True:
            self._leave()
            try:
                item = next(items)
            except StopIteration:
                return
            finally:
                self._enter()
            yield item

    def _enter(self) -> None:
        if not self._depth:
            self._since = self._now()
        self._depth += 1

    def _leave(self) -> None:
        self._depth -= 1
        if not self._depth:
            self.seconds += self._now() - self._since


def journal(source: str, url: str) -> dict[str, float]:
    """Load, and tell the journal's part of the time that writing takes."""
    return asyncio.run(_journal(source, url))


async def _journal(source: str, url: str) -> dict[str, float]:
    space = Workspace(Path.cwd() / "journal.db", SystemClock())
    target = Target(product("hubspot"), url, os.environ.get("HUBSPOT_TOKEN", "bench"))
    async with connected(target, space) as session:
        planned = await plan_run(space, Request(str(TEMPLATE), (source,)), session, lock=True)
        watch = Stopwatch(Journal, Memory, Retries)
        begin = time.perf_counter()
        await execute(space, planned.run, session, inputs=planned.inputs)
        writing = time.perf_counter() - begin
    space.close()
    return {"writing": writing, "journal": watch.seconds}


STEPS: dict[str, Callable[..., dict[str, float]]] = {
    "bare": bare,
    "prepare": prepare,
    "journal": journal,
}


def main() -> None:
    """Take one step, in the folder that it is called from."""
    step, *arguments = sys.argv[1:]
    begin = time.perf_counter()
    told = STEPS[step](*arguments)
    print(json.dumps({"seconds": time.perf_counter() - begin} | told))


if __name__ == "__main__":
    main()
