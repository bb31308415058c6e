"""Processes that are measured, and the server that they meet."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).parents[2]
"""The checkout: where the benchmarks are imported from."""

_PATIENCE = 3_600.0
_LAUNCHER = Path(__file__).with_name("launch.py")


@dataclass(frozen=True)
class Ran:
    """One process that has ended.

    Attributes:
        seconds: from its start to its end.
        peak_mb: most memory that was resident, of the process or the largest one it waited for.
        code: as it exited; minus the signal that killed it.
        began: when it was started, by the clock that the server has too.
        output: what it wrote to standard output.
    """

    seconds: float
    peak_mb: float
    code: int
    began: float
    output: str


class Server:
    """The benchmarks' HubSpot in a process of its own."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.benchmarks.server"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert self._process.stdout
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            raise SystemExit("the server did not start")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate()

    def reset(self, **settings: object) -> None:
        """Forget everything; see :class:`tests.benchmarks.portal.Settings`."""
        self._ask("/_reset", settings)

    def change(self, **settings: object) -> None:
        """Set something else, and count from nought; the deals stay."""
        self._ask("/_change", settings)

    def stats(self) -> dict[str, Any]:
        """See :meth:`tests.benchmarks.portal.Portal.stats`."""
        return self._ask("/_stats")

    def wait(self, rows: int) -> None:
        """Return when so many deals were created."""
        self._ask(f"/_wait?rows={rows}")

    def _ask(self, path: str, content: Mapping[str, object] | None = None) -> dict[str, Any]:
        data = None if content is None else json.dumps(content).encode()
        request = Request(self.url + path, data=data)  # noqa: S310  # our own address
        with urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310  # as above
            found: dict[str, Any] = json.load(answer)
        return found


def run(
    command: Sequence[str],
    folder: Path,
    env: Mapping[str, str] | None = None,
    *,
    kill_at: tuple[Server, int] | None = None,
) -> Ran:
    """Run a command in a folder to its end, or until its server has created so many deals.

    What it writes is kept in the folder: ``output.txt`` and ``errors.txt``.
    """
    full = os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"} | dict(env or {})
    # Whoever forbids it here would have us compile our code at each start, and nobody else's.
    full.pop("PYTHONDONTWRITEBYTECODE", None)
    out, errors = folder / "output.txt", folder / "errors.txt"
    reading, writing = os.pipe()
    launcher = [sys.executable, "-I", "-S", str(_LAUNCHER), str(writing)]
    with out.open("w") as output, errors.open("a") as trouble, os.fdopen(reading) as report:
        began = time.monotonic()
        process = subprocess.Popen(
            [*launcher, *command],
            cwd=folder,
            env=full,
            stdout=output,
            stderr=trouble,
            pass_fds=[writing],
        )
        os.close(writing)
        group = int(report.readline())
        if kill_at:
            threading.Thread(target=_kill, args=(group, *kill_at), daemon=True).start()
        status, peak = report.readline().split()
        seconds = time.monotonic() - began
        process.wait()
    code = os.waitstatus_to_exitcode(int(status))
    return Ran(seconds, int(peak) / 1024, code, began, out.read_text(encoding="utf-8"))


def _kill(group: int, server: Server, rows: int) -> None:
    server.wait(rows)
    os.killpg(group, signal.SIGKILL)  # its children as well


def ensure_well(ran: Ran, folder: Path, allowed: Sequence[int] = (0,)) -> None:
    """End the benchmark with the process's own words when it has failed."""
    if ran.code not in allowed:
        words = (folder / "errors.txt").read_text(encoding="utf-8")[-2_000:]
        raise SystemExit(f"a measured process ended with {ran.code}:\n{words}")


@contextmanager
def fresh(root: Path, name: str) -> Iterator[Path]:
    """A new folder for one process's state, which stays for a look when something fails."""
    folder = root / f"{name}-{time.monotonic_ns()}"
    folder.mkdir(parents=True)
    yield folder


def machine() -> dict[str, object]:
    """The date, and what it was measured on."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "cores": os.cpu_count() or 1,
        "memory_gib": round(pages / 2**30),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }
