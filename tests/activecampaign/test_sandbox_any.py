"""Whatever the ActiveCampaign sandbox is sent."""

from __future__ import annotations

import json
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.activecampaign.sandbox import Rehearsal

KEYS = re.findall(
    r"\w+",
    """
    title currency value contact account owner group stage status percent fields description email
    firstName fieldValues field customFieldId dealId fieldValue fieldCurrency fieldLabel fieldType
    fieldOptions id ownerId deals order width color users autoassign role relid duedate ownerType
    dealTasktype outcomeId note reltype name accountUrl contacts tags customer_acct_name
    """,
)
WRAPPERS = re.findall(
    r"\w+",
    """
    deal dealCustomFieldMetum dealCustomFieldDatum dealGroup dealStage dealRole contactDeal
    dealTask dealTasktype contact account accountContact note
    """,
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["1", "2", "", "usd", "text", "2026-06-01", "a@b.example", "Deal", "||a||"]),
    st.text(max_size=5),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8)
BODIES = st.one_of(
    VALUES,
    OBJECTS,
    st.lists(OBJECTS, max_size=3),
    st.dictionaries(st.sampled_from(WRAPPERS), OBJECTS, min_size=8),
)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_whatever_is_sent_there_is_an_answer(data: st.DataObject) -> None:
    """Any JSON to any endpoint, one after the other: never an exception, never a 500."""
    crm = Rehearsal(import_delay=0, existing_datum="second_row")
    field, account = crm.field("multiselect"), crm.account()
    deal = crm.deal(account=account, fields=[{"customFieldId": field, "fieldValue": ["a"]}])
    crm.call("POST", "contactDeals", {"contactDeal": {"contact": crm.contact(), "deal": deal}})
    names = st.sampled_from(crm.sandbox.routes())
    for name in data.draw(st.lists(names, min_size=15, max_size=25)):
        method, path = name.split(" ")
        path = re.sub(r"\{\w+\}", data.draw(st.sampled_from(["1", "2", "8", "x"])), path)
        body = data.draw(BODIES) if method in {"POST", "PUT", "PATCH"} else None
        assert crm.call(method, path, body, None).status_code < 500
    for type in ("deals", "contacts", "companies", "notes", "tasks"):
        json.dumps(crm.sandbox.records(type))
