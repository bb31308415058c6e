"""The token of an account is in no file, no log, no report and no trace, however a run fails."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from migrator.sandbox import SandboxServer
from migrator.vendors.registry import product
from tests.process.base import CRMS, HUBSPOT, Crm
from tests.process.test_outages import WRITES

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.vendors.base import Sandbox

TOKEN = "pat-na1-5ecre7-0f-4ll-5ecre75"


class Indiscreet:
    """A sandbox that, from the first write on, answers with what it was asked, headers included."""

    def __init__(self, inner: Sandbox, kind: str, status: int) -> None:
        self._inner = inner
        self._kind = kind
        self._status = status

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer as the sandbox, or repeat the request in an error."""
        if not re.fullmatch(self._kind, f"{request.method} {request.url.path}"):
            return self._inner.handle(request)
        told = "; ".join(f"{name}: {value}" for name, value in request.headers.items())
        body = {"status": "error", "category": "X", "code": "x", "message": f"Who is {told}?"}
        return httpx.Response(self._status, json=body)


def assert_silent(folder: Path, said: str) -> None:
    """No file below the folder and nothing that was said has the token."""
    assert TOKEN not in said
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.name == "journal.db" for path in files)
    for path in files:
        assert TOKEN.encode() not in path.read_bytes(), path


CASES = [(crm, status) for crm in CRMS for status in (400, 401)] + [(HUBSPOT, 403), (HUBSPOT, 500)]


@pytest.mark.parametrize(("crm", "status"), CASES, ids=str)
def test_a_failing_run_keeps_the_secret(crm: Crm, status: int, tmp_path: Path) -> None:
    """Not even a CRM that repeats the token in its error messages brings it into a file."""
    sandbox: Any = product(crm.vendor).sandbox(token=TOKEN, **crm.sandbox)
    indiscreet = Indiscreet(sandbox, WRITES[crm.vendor], status)
    with SandboxServer(indiscreet) as server:
        arguments = crm.files(tmp_path, 20)
        code, said = crm.call(tmp_path, server.url, *arguments, "-v", token=TOKEN)
        assert code in {1, 3, 4, 5}, said
        for command in ("status", "report", "resume", "verify"):
            said += crm.call(tmp_path, server.url, command, "-v", token=TOKEN)[1]
    assert_silent(tmp_path, said)


def test_a_fault_of_our_own_shows_its_trace_without_the_secret(tmp_path: Path) -> None:
    """An answer that nobody could foresee ends with a trace; the token is not in it."""
    crm = HUBSPOT

    class Odd:
        """Answers in a shape that is none of the vendor's."""

        def handle(self, request: httpx.Request) -> httpx.Response:
            """A list of headers."""
            return httpx.Response(200, json=[[list(pair) for pair in request.headers.items()]])

    with SandboxServer(Odd()) as server:
        arguments = crm.files(tmp_path, 5)
        code, said = crm.call(tmp_path, server.url, *arguments, "-v", token=TOKEN)
    assert code != 0
    assert TOKEN not in said
