"""Batches of records in the HubSpot sandbox: 201, 207, 400, and what is stored in each case."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hubspot.sandbox import DEAL, Rehearsal, inputs

BAD: dict[str, dict[str, str]] = {
    "unknown property": {**DEAL, "nonsense": "1"},
    "bad value": {**DEAL, "amount": "1,5"},
    "no stage": {"dealname": "x"},
    "other stage": {**DEAL, "dealstage": "Closed Won"},
}


def batch(action: str, type: str = "deals") -> str:
    """The path of a batch endpoint."""
    return f"/crm/objects/2026-03/{type}/batch/{action}"


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_with_trace_ids_one_bad_row_costs_one_row(bad: dict[str, str]) -> None:
    """A unique objectWriteTraceId on every input: 207, the bad row named by it."""
    crm = Rehearsal()
    answer = crm.call("POST", batch("create"), inputs(DEAL, bad, DEAL), 207)
    assert len(answer["results"]) == 2
    assert answer["numErrors"] == 1
    assert answer["errors"][0]["context"]["objectWriteTraceId"] == ["t1"]
    assert answer["errors"][0]["category"] == "VALIDATION_ERROR"
    assert len(crm.sandbox.records("deals")) == 2


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
@pytest.mark.parametrize("ids", [[], ["a", "b"], ["a", "a", "b"]], ids=["none", "some", "twice"])
def test_without_a_trace_id_each_the_whole_batch_fails(ids: list[str], bad: dict[str, str]) -> None:
    """Otherwise 400 with the first problem only, and nothing is created."""
    crm = Rehearsal()
    body = inputs(DEAL, DEAL, bad, traced=False)
    for one, id in zip(body["inputs"], ids, strict=False):
        one["objectWriteTraceId"] = id
    answer = crm.call("POST", batch("create"), body, 400)
    assert "results" not in answer
    assert crm.sandbox.records("deals") == []


def test_only_the_first_problem_of_an_untraced_batch_is_told() -> None:
    """Only the first problem is reported."""
    crm = Rehearsal()
    rows = [DEAL, {**DEAL, "first": "1"}, {**DEAL, "second": "1"}]
    answer = crm.call("POST", batch("create"), inputs(*rows, traced=False), 400)
    assert "first" in answer["message"]
    assert "second" not in answer["message"]


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_a_traced_batch_stores_exactly_its_good_rows(good: list[bool]) -> None:
    """Good inputs = records stored; bad inputs = trace ids in errors; 207 only when some fail."""
    crm = Rehearsal()
    rows = [{**DEAL, "dealname": str(n), **({} if ok else {"x": "1"})} for n, ok in enumerate(good)]
    response = crm.call("POST", batch("create"), inputs(*rows))
    answer = response.json()
    assert response.status_code == (201 if all(good) else 207)
    failed = {one["context"]["objectWriteTraceId"][0] for one in answer.get("errors", [])}
    assert failed == {f"t{n}" for n, ok in enumerate(good) if not ok}
    stored = {one["dealname"] for one in crm.sandbox.records("deals")}
    assert stored == {str(n) for n, ok in enumerate(good) if ok}
    assert {one["properties"]["dealname"] for one in answer["results"]} == stored


def test_two_rows_of_a_batch_with_one_unique_value_are_one_too_many() -> None:
    """Unique values hold within a batch as well as against the account."""
    crm = Rehearsal()
    key = crm.unique_key()
    crm.deal(migrator_key="old")
    rows = [{**DEAL, key: value} for value in ("new", "new", "old")]
    answer = crm.call("POST", batch("create"), inputs(*rows), 207)
    failed = [one["context"]["objectWriteTraceId"][0] for one in answer["errors"]]
    assert failed == ["t1", "t2"]
    assert all("CONFLICTING_UNIQUE_VALUE" in one["message"] for one in answer["errors"])
    crm.call("POST", batch("create"), inputs(rows[2], traced=False), 400)


def test_a_contact_that_exists_fails_an_untraced_batch_with_409() -> None:
    """409 CONFLICT, whole batch."""
    crm = Rehearsal()
    crm.record("contacts", email="a@example.com")
    rows = ({"email": "b@example.com"}, {"email": "A@example.com"})
    crm.call("POST", batch("create", "contacts"), inputs(*rows, traced=False), 409)
    assert len(crm.sandbox.records("contacts")) == 1


def test_a_hundred_inputs_are_taken_and_one_more_is_not() -> None:
    """At most 100 inputs; more fail the whole call and nothing is done."""
    crm = Rehearsal()
    crm.call("POST", batch("create"), inputs(*[DEAL] * 100), 201)
    crm.call("POST", batch("create"), inputs(*[DEAL] * 101), 400)
    assert len(crm.sandbox.records("deals")) == 100
    for action in ("update", "upsert", "read", "archive"):
        body = {"inputs": [{"id": str(n)} for n in range(101)]}
        crm.call("POST", batch(action), body, 400)


def test_the_order_of_results_is_not_the_order_of_inputs() -> None:
    """Order is not documented, so it is shuffled by seed, unless the option is off."""
    rows = [{**DEAL, "dealname": str(n)} for n in range(20)]

    def order(**options: Any) -> list[str]:
        answer = Rehearsal(**options).call("POST", batch("create"), inputs(*rows), 201)
        return [one["properties"]["dealname"] for one in answer["results"]]

    asked = [str(n) for n in range(20)]
    assert order() != asked
    assert sorted(order(), key=int) == asked
    assert order(seed=1) == order(seed=1) != order(seed=2)
    assert order(shuffle=False) == asked


def test_trace_ids_come_back_in_results_only_by_option() -> None:
    """Whether results echo objectWriteTraceId is UNCERTAIN."""
    for echo in (False, True):
        crm = Rehearsal(trace_id_echo=echo)
        answer = crm.call("POST", batch("create"), inputs(DEAL), 201)
        assert answer["results"][0].get("objectWriteTraceId") == ("t0" if echo else None)


def test_links_are_made_with_the_deal_and_a_bad_target_fails_its_row() -> None:
    """Inline associations; an unknown target fails that row (UNCERTAIN)."""
    crm = Rehearsal()
    contact = crm.record("contacts", email="a@example.com")
    body = inputs(DEAL, DEAL)
    for one, id in zip(body["inputs"], (contact, "404"), strict=True):
        types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}]
        one["associations"] = [{"to": {"id": id}, "types": types}]
    answer = crm.call("POST", batch("create"), body, 207)
    assert answer["errors"][0]["context"]["objectWriteTraceId"] == ["t1"]
    made = answer["results"][0]["id"]
    assert crm.sandbox.associations("deals", "contacts") == {made: {contact: (3,)}}
    assert len(crm.sandbox.records("deals")) == 1


@pytest.mark.parametrize("change", [{"associationTypeId": 279}, {"associationCategory": "X"}, {}])
def test_links_of_another_kind_of_record_are_refused(change: dict[str, Any]) -> None:
    """Type ids belong to a pair of types; types are required."""
    crm = Rehearsal()
    contact = crm.record("contacts", email="a@example.com")
    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3, **change}
    links = [{"to": {"id": contact}, "types": [spec] if change else []}]
    crm.call("POST", crm.objects(), {"properties": DEAL, "associations": links}, 400)
    assert crm.sandbox.records("deals") == []


def updates(*rows: tuple[str, dict[str, str]], traced: bool = True) -> dict[str, Any]:
    """The body of a batch update by id."""
    body = inputs(*[properties for _, properties in rows], traced=traced)
    for one, (id, _) in zip(body["inputs"], rows, strict=True):
        one["id"] = id
    return body


def test_update_writes_all_rows_and_names_those_that_do_not_exist() -> None:
    """200, or 207 with OBJECT_NOT_FOUND and `context.ids` for missing rows."""
    crm = Rehearsal()
    one, two = crm.deal(), crm.deal()
    rows = ((one, {"amount": "1"}), (two, {"amount": "2"}))
    assert len(crm.call("POST", batch("update"), updates(*rows), 200)["results"]) == 2
    answer = crm.call("POST", batch("update"), updates((one, {"amount": "3"}), ("9", {})), 207)
    assert answer["errors"][0]["category"] == "OBJECT_NOT_FOUND"
    assert answer["errors"][0]["context"]["ids"] == ["9"]
    assert [one["amount"] for one in crm.sandbox.records("deals")] == ["3", "2"]


@pytest.mark.parametrize(
    ("multi", "traced", "status"), [(True, True, 207), (True, False, 400), (False, True, 400)]
)
def test_a_bad_row_of_an_update_is_named_or_fails_the_batch(
    multi: bool,
    traced: bool,
    status: int,
) -> None:
    """Per-row errors of update are UNCERTAIN, hence an option for both readings."""
    crm = Rehearsal(multi_status_update=multi)
    one, two = crm.deal(), crm.deal()
    rows = ((one, {"amount": "1"}), (two, {"amount": "x"}))
    answer = crm.call("POST", batch("update"), updates(*rows, traced=traced), status)
    if status == 207:
        assert answer["errors"][0]["context"]["objectWriteTraceId"] == ["t1"]
    held = [record.get("amount") for record in crm.sandbox.records("deals")]
    assert held == ["1" if status == 207 else None, None]


def test_update_by_a_unique_property() -> None:
    """IdProperty is per input in the body."""
    crm = Rehearsal()
    key = crm.unique_key()
    crm.deal(migrator_key="a")
    body = {"inputs": [{"id": "a", "idProperty": key, "properties": {"amount": "5"}}]}
    crm.call("POST", batch("update"), body, 200)
    assert crm.sandbox.records("deals")[0]["amount"] == "5"
    body["inputs"][0]["idProperty"] = "dealname"
    crm.call("POST", batch("update"), body, 400)


def upserts(*rows: tuple[str, dict[str, str]], key: str = "migrator_key") -> dict[str, Any]:
    """The body of a traced batch upsert."""
    body = updates(*rows)
    for one in body["inputs"]:
        one["idProperty"] = key
    return body


def test_upsert_updates_what_is_there_and_creates_the_rest() -> None:
    """Results say `new`; the key is filled in from `id`."""
    crm = Rehearsal()
    crm.unique_key()
    old = crm.deal(migrator_key="a", amount="1")
    answer = crm.call("POST", batch("upsert"), upserts(("a", {"amount": "2"}), ("b", DEAL)), 200)
    assert {one["id"] == old: one["new"] for one in answer["results"]} == {True: False, False: True}
    held = {one["migrator_key"]: one.get("amount") for one in crm.sandbox.records("deals")}
    assert held == {"a": "2", "b": None}


def test_upsert_names_a_bad_row_by_its_trace_id() -> None:
    """207 with objectWriteTraceId works for upsert in practice."""
    crm = Rehearsal()
    crm.unique_key()
    answer = crm.call("POST", batch("upsert"), upserts(("a", DEAL), ("b", {"amount": "1"})), 207)
    assert answer["errors"][0]["context"]["objectWriteTraceId"] == ["t1"]
    assert len(crm.sandbox.records("deals")) == 1


def test_two_inputs_for_one_record_fail_the_whole_upsert() -> None:
    """Two inputs resolving to the same record are rejected, the whole request."""
    crm = Rehearsal()
    crm.unique_key()
    crm.call("POST", batch("upsert"), upserts(("a", DEAL), ("a", DEAL)), 400)
    crm.call("POST", batch("update"), updates(("1", {}), ("1", {})), 400)
    assert crm.sandbox.records("deals") == []


@pytest.mark.parametrize("change", [{"idProperty": None}, {"idProperty": "dealname"}, {"id": None}])
def test_upsert_needs_an_id_and_a_unique_property(change: dict[str, Any]) -> None:
    """Non-unique properties are a 400."""
    crm = Rehearsal()
    crm.unique_key()
    body = upserts(("a", DEAL))
    for name, value in change.items():
        body["inputs"][0].pop(name)
        if value:
            body["inputs"][0][name] = value
    crm.call("POST", batch("upsert"), body, 400)
    body = upserts(("a", DEAL))
    body["inputs"][0]["properties"] = []
    crm.call("POST", batch("upsert"), body, 400)


def test_upsert_of_contacts_by_email_has_no_partial_success() -> None:
    """Partial upserts "are not supported when using email" (UNCERTAIN)."""
    crm = Rehearsal()
    rows = (("a@example.com", {"firstname": "A"}), ("b@example.com", {"nonsense": "1"}))
    path = batch("upsert", "contacts")
    crm.call("POST", path, upserts(*rows, key="email"), 400)
    assert crm.sandbox.records("contacts") == []
    crm.call("POST", path, upserts(rows[0], key="email"), 200)
    assert crm.sandbox.records("contacts")[0]["email"] == "a@example.com"
    same = upserts(("A@example.com", {}), ("a@EXAMPLE.com", {}), key="email")
    crm.call("POST", path, same, 400)


def test_read_gives_found_records_once_and_names_missing_ids() -> None:
    """Missing ids make it a 207 with OBJECT_NOT_FOUND."""
    crm = Rehearsal()
    key = crm.unique_key()
    crm.deal(migrator_key="a", amount="1")
    body: dict[str, Any] = {"idProperty": key, "properties": ["amount"], "inputs": [{"id": "a"}]}
    found = crm.call("POST", batch("read"), body, 200)["results"]
    assert found[0]["properties"]["amount"] == "1"
    assert found[0]["properties"][key] == "a"
    body["inputs"] += [{"id": "a"}, {"id": "b"}]
    answer = crm.call("POST", batch("read"), body, 207)
    assert len(answer["results"]) == 1
    assert answer["errors"][0]["context"]["ids"] == ["b"]
    crm.call("POST", batch("read"), {**body, "idProperty": "amount"}, 400)
    crm.call("POST", batch("read"), {**body, "properties": "amount"}, 400)


def test_archive_of_a_batch_says_nothing_and_frees_the_unique_values() -> None:
    """204 without a result per row; unknown ids do no harm."""
    crm = Rehearsal()
    key = crm.unique_key()
    id = crm.deal(migrator_key="a")
    body = {"inputs": [{"id": id}, {"id": "404"}, {"id": "x"}]}
    assert crm.call("POST", batch("archive"), body).status_code == 204
    assert crm.sandbox.records("deals") == []
    crm.call("POST", batch("read"), {"idProperty": key, "inputs": [{"id": "a"}]}, 207)


@pytest.mark.parametrize("body", [{}, {"inputs": {}}, {"inputs": [1]}, [], None])
def test_a_batch_without_a_list_of_inputs_is_a_400(body: Any) -> None:
    """Malformed JSON fails the whole call."""
    Rehearsal().call("POST", batch("create"), body, 400)
