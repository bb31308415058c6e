"""What answers mean: seven shapes of errors, passing refusals, quotas, odd rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.errors import InputError, OutcomeUnknown, Unauthorized, Unavailable
from migrator.vendors.activecampaign import people_things, task_things, things
from migrator.vendors.activecampaign.answers import Refusal, check, read_fault, written
from migrator.vendors.activecampaign.product import PRODUCT, passing
from migrator.wire import Fault, FaultKind
from tests.activecampaign.portal import Portal

if TYPE_CHECKING:
    from collections.abc import Callable

DUPLICATE = {
    "errors": [
        {
            "title": "Email address already exists in the system",
            "detail": "",
            "code": "duplicate",
            "source": {"pointer": "/data/attributes/email"},
        }
    ]
}
SHAPES: list[tuple[int, str, str, str]] = [
    (422, json.dumps(DUPLICATE), "duplicate", "Email address already exists in the system"),
    (
        422,
        '{"errors":[{"status":422,"title":"ownerId is required for a deal \'1\'."}]}',
        "http_422",
        "ownerId is required for a deal '1'.",
    ),
    (404, '{"errors":[{"status":404,"title":"Not Found"}]}', "not_found", "Not Found"),
    (422, '{"errors":[{"detail":"could not be saved"}]}', "http_422", "could not be saved"),
    (
        422,
        '{"errors":[{"title":"Invalid attribute","detail":"not the same pipeline"}]}',
        "http_422",
        "Invalid attribute: not the same pipeline",
    ),
    (404, '{"message":"No Result found for Deal with id 9"}', "not_found", "No Result found"),
    (
        400,
        '{"success":0,"message":"did not pass",'  # noqa: ISC004  # one body
        '"failureReasons":[{"contact":230,"failureReason":"Field email incorrect"},"also this"]}',
        "import_refused",
        "did not pass Field email incorrect; also this",
    ),
    (400, "{}", "http_400", "status 400 without a reason"),
    (400, "[]", "http_400", "status 400 without a reason"),
    (422, '{"errors":["one","two"]}', "http_422", "one; two"),
    (422, '{"errors":"one"}', "http_422", "one"),
    (422, '{"errors":[{}]}', "http_422", "status 422 without a reason"),
    (400, "<html><style>x{}</style><h1>Bad</h1> gate</html>", "http_400", "Bad gate"),
    (400, "", "http_400", "status 400 without a reason"),
]


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "text/html"])
@pytest.mark.parametrize(("status", "body", "code", "message"), SHAPES)
def test_every_shape_of_error_is_read(
    status: int, body: str, code: str, message: str, content_type: str
) -> None:
    """Each shape gives a code and a sentence, whatever content type it says it is of."""
    response = httpx.Response(status, text=body, headers={"Content-Type": content_type})
    fault = read_fault(response)
    assert fault.code == code
    assert message in fault.message
    with pytest.raises(Refusal) as refusal:
        check(response, "POST deals")
    assert refusal.value.not_found is (status == 404)


def test_blamed_attributes_are_named() -> None:
    """The pointer of an error tells the attribute."""
    assert read_fault(httpx.Response(422, json=DUPLICATE)).pointers == {"email"}


def test_an_encoding_nobody_knows_is_no_obstacle() -> None:
    """A page in an unknown encoding is still told by its status."""
    headers = {"Content-Type": "text/html; charset=utf-16"}
    fault = read_fault(httpx.Response(400, content=b"\xd8", headers=headers))
    assert fault.message
    assert not fault.readable


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, "{}", Unauthorized),
        (402, '{"message":"Payment required"}', Unauthorized),
        (403, "<html>Forbidden</html>", Unauthorized),
        (429, "", Unavailable),
        (423, "", Unavailable),
        (400, '{"success":0,"message":"Rate limit exceeded."}', Unavailable),
        (404, "<html>nginx</html>", InputError),
        (405, "", InputError),
        (302, "", InputError),
    ],
)
def test_what_concerns_the_whole_run_is_raised(
    status: int, body: str, error: type[Exception]
) -> None:
    """Tokens, quotas and a wrong address are no row's fault."""
    with pytest.raises(error) as raised:
        check(httpx.Response(status, text=body), "GET deals")
    assert not isinstance(raised.value, Refusal)
    assert "GET deals" in str(raised.value)


def test_a_good_answer_may_be_empty() -> None:
    """Deletes answer an empty object, and other writes may answer nothing."""
    assert check(httpx.Response(200, text="{}"), "DELETE") == {}
    assert check(httpx.Response(204), "DELETE") == {}
    with pytest.raises(OutcomeUnknown):
        written({"deal": {"title": "x"}}, "deal", things.read_saved, "POST deals")


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (httpx.Response(403), True),
        (httpx.Response(503, headers={"Retry-After": "1"}), True),
        (httpx.Response(503), False),
        (httpx.Response(400, json={"success": 0, "message": "Rate limit exceeded."}), True),
        (httpx.Response(400, text="<html>"), False),
        (httpx.Response(422, json=DUPLICATE), False),
        (httpx.Response(200), False),
    ],
)
def test_passing_refusals(response: httpx.Response, expected: bool) -> None:
    """Only answers by which nothing was done, and soon might be, are worth another try."""
    assert passing(response) is expected


@pytest.mark.parametrize("limit", [None, "4"])
def test_the_windows_headers_tell(limit: str | None) -> None:
    """The account's own limit is taken over, but never beyond what the user set."""
    own = PRODUCT.configure({"requests_per_second": limit} if limit else {})
    headers = {"RateLimit-Limit": "5", "RateLimit-Remaining": "3"}
    (quota,) = own.learn(httpx.Response(200, headers=headers))
    assert (quota.rate.requests, quota.left) == ((4, 2) if limit else (5, 3))
    assert own.learn(httpx.Response(200)) == ()
    assert own.rates[""][0].requests == quota.rate.requests


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("headers", [True, False])
def test_the_quota_is_kept(status: int, headers: bool) -> None:
    """One client alone never meets the limit, whether or not it is told in headers."""
    portal = Portal(
        imitated={"limits": True, "over_limit_status": status, "limit_headers": headers}
    )

    async def main() -> None:
        for n in range(40):
            await portal.vendor.calls.people.sync_contact({"email": f"p{n}@example.com"})

    portal.run(main())
    assert portal.sandbox.count_429 == 0


def test_intermittent_refusals_cost_nothing() -> None:
    """A 403 in passing, for reads and for creates, is not taken for a wrong token."""
    portal = Portal(imitated={"forbidden_share": 0.1, "seed": 3})

    async def main() -> None:
        account = await portal.prepared()
        for n in range(30):
            op = portal.op(account, f"k{n}")
            (outcome,) = await portal.open().write(op.type, op.action, [op])
            assert outcome.id
        assert len(await portal.held()) == 30

    portal.run(main())


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_token_is_told(status: int) -> None:
    """After a bounded number of tries the way out is named."""
    portal = Portal(imitated={"token": "another", "bad_token_status": status})
    with pytest.raises(Unauthorized, match="ACTIVECAMPAIGN_API_TOKEN"):
        portal.run(portal.vendor.describe(()))
    assert portal.asked.total() <= 4


@pytest.mark.parametrize("body", ["<html>welcome</html>", '["list"]', '{"deals": {}}', "{}"])
def test_reads_that_are_not_answered_as_documented(body: str) -> None:
    """A 200 of something else is unavailable, never an empty account."""
    portal = Portal()
    portal.alter("GET", "/deals", lambda _, __: httpx.Response(200, text=body))

    async def main() -> None:
        await portal.prepared()
        await portal.held()

    with pytest.raises(Unavailable, match="ACTIVECAMPAIGN_BASE_URL"):
        portal.run(main())


def test_the_options_are_described() -> None:
    """Every option has a description, and a wrong value is told with it."""
    for field in PRODUCT.options.model_fields.values():
        assert field.description
    with pytest.raises(InputError, match="all values"):
        PRODUCT.configure({"custom_fields": "guess"})
    with pytest.raises(InputError, match="default_contact"):
        PRODUCT.configure({"default_contacts": "x"})
    assert PRODUCT.base_url is None
    assert PRODUCT.headers("k") == {"Api-Token": "k"}
    assert not PRODUCT.spent(httpx.Response(429))


READERS: list[Callable[[dict[str, Any]], object]] = [
    things.read_deal,
    things.read_saved,
    things.read_datum,
    things.read_included,
    things.read_meta,
    things.read_stage,
    things.read_group,
    things.read_secondary,
    things.read_titled,
    task_things.read_task,
    task_things.read_note,
    task_things.read_activity,
    people_things.read_contact,
    people_things.read_company,
    people_things.read_user,
    people_things.read_import,
]
NAMES = (
    *("id", "title", "value", "currency", "owner", "contact", "status", "cdate", "fields"),
    *("dealId", "customFieldId", "fieldValue", "fieldOptions", "knownFieldId", "stages"),
    *("customFieldSaveStatus", "relid", "reltype", "email", "name", "success", "deal"),
)
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(NAMES), ODD))
def test_odd_rows_make_nothing_fall_over(row: dict[str, Any]) -> None:
    """Whatever a row has in it, it is read or left out."""
    for read in READERS:
        read(row)


def test_a_slow_gateway_is_waited_out() -> None:
    """A page of a proxy in place of an answer is asked for again when it only reads."""
    portal = Portal()
    faults = [Fault(FaultKind.STATUS, 502), Fault(FaultKind.STATUS, 503)]
    vendor = portal.open(lambda _: faults.pop() if faults else None)
    assert portal.run(vendor.describe(())).owners
