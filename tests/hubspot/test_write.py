"""What a write's answer says of each row, and who is to blame."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from migrator.errors import (
    InputError,
    MigratorError,
    OutcomeUnknown,
    QuotaSpent,
    Unauthorized,
    Unavailable,
)
from migrator.model import (
    Action,
    Link,
    ObjectType,
    Op,
    OpState,
    Outcome,
)
from tests.hubspot.portal import Answer, Body, Portal, conflict, created, ops, refusal, reply

DEALS, CONTACTS, COMPANIES = ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES


# -- creates ---------------------------------------------------------------------------------------


def test_a_whole_batch_refusal_is_halved_down_to_the_row() -> None:
    """Where HubSpot fails the batch for one row, only that row is refused; few requests more."""

    def handle(_method: str, _path: str, body: Body) -> Answer:
        keys = [given["properties"]["migrator_key"] for given in body["inputs"]]
        if "k37" in keys:
            return reply(400, **refusal("bad amount", errors=[{"code": "INVALID", "in": "amount"}]))
        return reply(201, results=[created(given) for given in reversed(body["inputs"])])

    portal = Portal(handle)
    outcomes = portal.write(ops(100))
    assert outcomes.pop("k37") == Outcome("k37", OpState.REFUSED, None, "INVALID", "bad amount")
    assert all(o.id == f"9{key[1:]}" for key, o in outcomes.items())
    assert len(portal.sent) < 2 * 8


def test_results_are_matched_by_key_then_by_trace() -> None:
    """The order of results means nothing; without the key the trace id tells."""

    def handle(_method: str, _path: str, body: Body) -> Answer:
        first, second, third = body["inputs"]
        return reply(
            201,
            results=[
                {"id": "93", "objectWriteTraceId": third["objectWriteTraceId"]},
                created(second),
                created(first, properties={"migrator_key": "K1 "}),
            ],
        )

    outcomes = Portal(handle).write(ops(3))
    assert {key: o.id for key, o in outcomes.items()} == {"k1": "91", "k2": "92", "k3": "93"}


def test_keys_that_differ_in_letter_case_stay_apart() -> None:
    """Two keys that fold alike are matched as they stand, never one for the other."""
    two = [
        Op(1, DEALS, Action.CREATE, "ab", None, {"migrator_key": "ab"}),
        Op(2, DEALS, Action.CREATE, "AB", None, {"migrator_key": "AB"}),
    ]
    results = [
        {"id": "2", "properties": {"migrator_key": "AB"}},
        {"id": "1", "properties": {"migrator_key": "ab"}},
    ]
    outcomes = Portal(lambda *_: reply(201, results=results)).write(two)
    assert (outcomes["ab"].id, outcomes["AB"].id) == ("1", "2")


@pytest.mark.parametrize(
    "answer",
    [
        reply(201, results=[]),
        httpx.Response(201, text="<html>"),
        httpx.Response(200, content=b"\xff\xfe{"),
        reply(207, results=[], errors=[refusal()]),
    ],
)
def test_an_answer_that_says_nothing_of_a_row(answer: httpx.Response) -> None:
    """A row that is neither among results nor errors is unknown, never taken for written."""
    with pytest.raises(OutcomeUnknown):
        Portal(lambda *_: answer).write(ops(2))


def test_errors_without_names_are_asked_for_singly() -> None:
    """As many nameless errors as rows left: these failed, and each is sent again for its reason."""

    def handle(_method: str, _path: str, body: Body) -> Answer:
        inputs = body["inputs"]
        if len(inputs) > 1:
            return reply(207, results=[created(inputs[0])], errors=[refusal("a"), refusal("b")])
        key = inputs[0]["properties"]["migrator_key"]
        return reply(207, results=[], errors=[refusal(f"reason of {key}")])

    outcomes = Portal(handle).write(ops(3))
    assert outcomes["k1"].state is OpState.WRITTEN
    assert [outcomes[key].message for key in ("k2", "k3")] == ["reason of k2", "reason of k3"]


@pytest.mark.parametrize(
    ("type", "error", "code"),
    [
        (DEALS, conflict("migrator_key"), "key_exists"),
        (DEALS, conflict("order_no"), "CONFLICTING_UNIQUE_VALUE"),
        (
            DEALS,
            refusal("Cannot set X{propertyName=order_no, value=1}. 5 already has that value."),
            "VALIDATION_ERROR",
        ),
        (
            DEALS,
            refusal("Cannot set X{propertyName=migrator_key}. 5 already has that value."),
            "key_exists",
        ),
        (DEALS, refusal("taken", "CONFLICT"), "key_exists"),
        (CONTACTS, refusal("Contact already exists. Existing ID: 5", "CONFLICT"), "key_exists"),
        (CONTACTS, conflict("email"), "key_exists"),
        (DEALS, refusal("bad stage"), "VALIDATION_ERROR"),
        (DEALS, {"message": "bare", "correlationId": "1"}, "ERROR"),
    ],
)
@pytest.mark.parametrize("status", [400, 409])
def test_a_taken_key_is_told_from_other_conflicts(
    type: ObjectType, error: Body, code: str, status: int
) -> None:
    """Only a conflict of the key itself is ``key_exists``; all keep HubSpot's message."""
    outcome = Portal(lambda *_: reply(status, **error)).write(ops(1, type=type), type)["k1"]
    assert (outcome.state, outcome.code) == (OpState.REFUSED, code)
    assert outcome.message


def test_a_taken_key_is_no_matter_in_an_update() -> None:
    """An update that conflicts keeps HubSpot's own code."""
    portal = Portal(lambda *_: reply(400, **conflict("migrator_key")))
    assert portal.write(ops(1, Action.UPDATE))["k1"].code == "CONFLICTING_UNIQUE_VALUE"


def test_trouble_after_a_part_is_unknown() -> None:
    """Once a part of a batch is written, whatever stops the rest leaves it unknown."""
    for trouble in (
        httpx.Response(401, json=refusal("expired")),
        httpx.Response(429, json={"policyName": "DAILY"}),
        httpx.ConnectError("gone"),
    ):

        def handle(_method: str, _path: str, body: Body, trouble: Answer = trouble) -> Answer:
            keys = [given["properties"]["migrator_key"] for given in body["inputs"]]
            if keys == ["k1", "k2"]:
                return reply(201, results=[created(given) for given in body["inputs"]])
            return trouble if "k1" not in keys else reply(400, **refusal())

        with pytest.raises(OutcomeUnknown, match="part of a batch"):
            Portal(handle).write(ops(4))


def test_trouble_before_anything_is_not_unknown() -> None:
    """As long as nothing is written the trouble itself is told."""
    for status, body, error in (
        (401, refusal("expired"), Unauthorized),
        (423, refusal("locked"), Unavailable),
        (429, {"policyName": "TEN_SECONDLY_ROLLING"}, Unavailable),
        (429, {"policyName": "DAILY"}, QuotaSpent),
        (405, refusal("method"), InputError),
    ):
        with pytest.raises(error):
            Portal(lambda *_, s=status, b=body: reply(s, **b)).write(ops(2))


def test_a_404_of_something_else_is_no_refused_row() -> None:
    """A proxy's 404 stops the run and names the variable; no row is refused for it."""
    portal = Portal(lambda *_: httpx.Response(404, text="Not here"))
    with pytest.raises(InputError, match="HUBSPOT_BASE_URL"):
        portal.write(ops(50))
    assert len(portal.sent) == 1


def test_a_batch_that_is_too_large_is_halved() -> None:
    """A 413 is answered with smaller batches."""

    def handle(_method: str, _path: str, body: Body) -> Answer:
        if len(body["inputs"]) > 25:
            return httpx.Response(413, text="Payload Too Large")
        return reply(201, results=[created(given) for given in body["inputs"]])

    assert all(o.id for o in Portal(handle).write(ops(100)).values())


def test_what_a_create_carries() -> None:
    """Unique trace ids on all inputs; the first company primary (5), others not (341)."""

    def handle(_method: str, _path: str, body: Body) -> Answer:
        return reply(201, results=[created(given) for given in body["inputs"]])

    portal = Portal(handle)
    links = (Link(COMPANIES, "a", "1"), Link(COMPANIES, "b", "2"), Link(CONTACTS, "c", "3"))
    first, second = ops(2)
    portal.write([Op(1, DEALS, Action.CREATE, "k1", None, first.properties, links=links), second])
    ((method, path, body),) = portal.sent
    assert (method, path) == ("POST", "/crm/objects/deals/batch/create")
    assert len({given["objectWriteTraceId"] for given in body["inputs"]}) == 2
    types = [
        (a["to"]["id"], [(t["associationCategory"], t["associationTypeId"]) for t in a["types"]])
        for a in body["inputs"][0]["associations"]
    ]
    defined = "HUBSPOT_DEFINED"
    assert types == [("1", [(defined, 5)]), ("2", [(defined, 341)]), ("3", [(defined, 3)])]
    assert "associations" not in body["inputs"][1]


def test_a_link_hubspot_has_no_type_for() -> None:
    """It is refused before anything is sent."""
    portal = Portal(lambda *_: reply(201))
    op = Op(1, COMPANIES, Action.CREATE, "k", None, {}, links=(Link(DEALS, "d", "1"),))
    with pytest.raises(InputError, match="not linked"):
        portal.write([op], COMPANIES)
    assert portal.sent == []


def test_a_row_among_results_and_errors_is_written() -> None:
    """It has an id, so it is there; what HubSpot says against it goes with the outcome."""

    def handle(_method: str, _path: str, body: Body) -> Answer:
        (given,) = body["inputs"]
        trace = {"objectWriteTraceId": [given["objectWriteTraceId"]]}
        stranger = {"id": "7", "properties": {"migrator_key": "somebody else"}}
        errors = [refusal("company not linked", context=trace)]
        return reply(207, results=[stranger, created(given)], errors=errors)

    outcome = Portal(handle).write(ops(1))["k1"]
    assert (outcome.state, outcome.id) == (OpState.WRITTEN, "91")
    assert outcome.message == "company not linked"


def test_a_detail_that_is_cut_short() -> None:
    """A message whose JSON is cut short is shown as it stands."""
    text = 'Property values were not valid: [{"isValid":false,"mess'
    outcome = Portal(lambda *_: reply(400, **refusal(text))).write(ops(1))["k1"]
    assert (outcome.code, outcome.message) == ("VALIDATION_ERROR", text)


def test_nothing_to_write() -> None:
    """No ops are no request."""
    portal = Portal(lambda *_: reply(500))
    assert portal.clock.run(portal.vendor.write(DEALS, Action.CREATE, [])) == []
    assert portal.sent == []


# -- updates and deletes ---------------------------------------------------------------------------


def test_updates_are_matched_by_id() -> None:
    """Errors that name ids blame these rows; an update that is lost is sent again."""
    first = [httpx.ReadTimeout("slow")]

    def handle(_method: str, _path: str, _body: Body) -> Answer:
        if first:
            return first.pop()
        return reply(
            207,
            results=[{"id": "102"}, {"id": "101"}],
            errors=[refusal("gone", "OBJECT_NOT_FOUND", context={"ids": ["103"]})],
        )

    portal = Portal(handle)
    outcomes = portal.write(ops(3, Action.UPDATE))
    assert [outcomes[f"k{i}"].id for i in (1, 2)] == ["101", "102"]
    assert (outcomes["k3"].state, outcomes["k3"].code) == (OpState.REFUSED, "OBJECT_NOT_FOUND")
    assert len(portal.sent) == 2


def test_a_record_that_is_gone_counts_as_deleted() -> None:
    """Deleting what is not there is done; another refusal is one."""

    def handle(_method: str, _path: str, body: Body) -> Answer:
        ids = [given["id"] for given in body["inputs"]]
        if "102" in ids:
            return reply(404, **refusal("gone", "OBJECT_NOT_FOUND"))
        if "103" in ids:
            return reply(400, **refusal("protected"))
        return httpx.Response(204)

    outcomes = Portal(handle).write(ops(3, Action.DELETE))
    states = [outcomes[f"k{i}"].state for i in (1, 2, 3)]
    assert states == [OpState.WRITTEN, OpState.WRITTEN, OpState.REFUSED]


# -- who may -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "error", "text"),
    [
        (401, refusal("expired", "INVALID_AUTHENTICATION"), Unauthorized, "HUBSPOT_TOKEN"),
        (
            403,
            refusal(
                "no scope",
                "MISSING_SCOPES",
                errors=[{"context": {"requiredGranularScopes": ["crm.a", "crm.b"]}}],
            ),
            Unauthorized,
            "crm.a, crm.b",
        ),
        (403, refusal("plan", "FORBIDDEN"), Unauthorized, "plan"),
        (423, refusal("locked", "LOCKED"), Unavailable, "resume"),
        (404, refusal("nothing", "OBJECT_NOT_FOUND"), InputError, "OBJECT_NOT_FOUND"),
        (200, {}, Unavailable, "not with JSON"),
        (200, {"ok": 1}, InputError, "names no portal"),
        (302, {}, InputError, "HUBSPOT_BASE_URL"),
        (502, {}, Unavailable, "502"),
    ],
)
def test_answers_to_the_first_request(
    status: int, body: Body, error: type[MigratorError], text: str
) -> None:
    """Each has its error, with the way out."""
    portal = Portal(lambda *_: reply(status, **body))
    with pytest.raises(error, match=text):
        portal.clock.run(portal.vendor.describe([DEALS]))


def test_the_day_ends_at_midnight_of_the_portal() -> None:
    """A daily 429 says until when, in the portal's zone, when the answer has a date."""
    details = {"portalId": 1, "timeZone": "America/New_York", "companyCurrency": "USD"}
    header = {"Date": "Tue, 31 Mar 2026 15:00:00 GMT"}
    spent = {"message": "You have reached your daily limit.", "errorType": "RATE_LIMIT"}

    def handle(_method: str, path: str, _body: Body) -> Answer:
        if "details" in path:
            return reply(200, **details)
        if "batch" in path:
            return httpx.Response(429, json=spent, headers=header)
        return reply(200, results=[])

    portal = Portal(handle)
    for known, until in ((False, None), (True, datetime(2026, 4, 1, 4, tzinfo=UTC))):
        if known:
            portal.clock.run(portal.vendor.describe([]))
        before = len(portal.sent)
        with pytest.raises(QuotaSpent, match="daily") as stopped:
            portal.clock.run(portal.vendor.find(DEALS, ["a"]))
        assert stopped.value.until == until
        assert len(portal.sent) == before + 1
