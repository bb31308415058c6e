"""A batch that is carried out after we gave it up, when it has been sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from tests.support import Rehearsal, deals

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATE = """
name: invoices
key: {from: id}
fields:
  name: {from: title, rules: [required]}
  pipeline: {default: Sales Pipeline}
  stage: {from: stage}
  custom.invoice: {from: invoice}
"""
INVOICE = {
    "name": "invoice",
    "label": "Invoice",
    "type": "string",
    "fieldType": "text",
    "groupName": "dealinformation",
    "hasUniqueValue": True,
}
CREATE = "/deals/batch/create"


def test_a_late_batch_is_ours_whatever_it_conflicts_by(tmp_path: Path) -> None:
    """Its rows are written, though the second try is refused for another value than the key."""
    rehearsal = Rehearsal(tmp_path)
    rehearsal.stranger().post("/crm/v3/properties/deals", json=INVOICE)
    source = rehearsal.source(deals(3, invoice=lambda n: f"INV-{n}"))
    late: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(CREATE) and not late:
            late.append(request)
            raise httpx.ReadTimeout("no answer")
        if request.url.path.endswith(CREATE) and len(late) == 1:
            late.append(request)
            rehearsal.answer(late[0])
        return rehearsal.answer(request)

    rehearsal.wrap = lambda _: httpx.MockTransport(handle)
    report = rehearsal.load(rehearsal.template(TEMPLATE), source)
    assert len(late) == 2
    assert report.rows["created"] == 3, report.examples
    assert rehearsal.keys() == ["k1", "k2", "k3"]
