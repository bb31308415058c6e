"""A plan that is carried out by another process goes the ways that it foretold."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import httpx

from migrator.vendors.hubspot import road
from tests.support import Rehearsal, deals

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_kept_plan_of_many_changes_goes_by_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was planned as one file is sent as one, by whatever process carries it out."""
    monkeypatch.setattr(road, "_MANY", 1_000)
    sent: Counter[str] = Counter()

    class Counting(httpx.AsyncBaseTransport):
        def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
            self._inner = inner

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.method == "POST":
                sent[request.url.path.partition("/crm/")[2]] += 1
            return await self._inner.handle_async_request(request)

    rehearsal = Rehearsal(tmp_path, wrap=Counting)
    template = rehearsal.template()
    rehearsal.load(template, rehearsal.source(deals(1_100)))
    changed = rehearsal.source(deals(1_100, title=lambda n: f"Other {n}"), "changed.csv")
    planned = rehearsal.plan(template, changed)
    sent.clear()
    report = rehearsal.execute(planned.run)
    assert report.rows["updated"] == 1_100
    imports = [count for path, count in sent.items() if path.startswith("imports")]
    assert imports == [1]
    assert not [path for path in sent if "batch/update" in path]
