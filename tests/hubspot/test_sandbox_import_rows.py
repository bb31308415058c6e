"""Rows of imports in the HubSpot sandbox: which record they mean, and how they fail."""

from __future__ import annotations

import pytest

from tests.hubspot.imports import (
    Account,
    Row,
    column,
    csv,
    errors,
    finished,
    key,
    keyed,
    record_id,
    request,
    send,
)

CONTACTS, COMPANIES, NOTES = "0-1", "0-2", "0-46"


KEYED = [key(), column("dealname"), column("dealstage"), column("amount")]


def row(key: str, amount: str = "1", name: str = "D") -> Row:
    """A row of KEYED."""
    return (key, name, "closedwon", amount)


def test_upserts_by_a_unique_property() -> None:
    """HUBSPOT_ALTERNATE_ID; what holds the value is updated, the rest created."""
    crm = keyed()
    assert crm.load(KEYED, row("a"), row("b")) == []
    assert crm.load(KEYED, row("b", "2"), row("c", "3")) == []
    assert crm.values("migrator_key") == ["a", "b", "c"]
    assert crm.values("amount") == ["1", "2", "3"]
    counted = {"CREATED_OBJECTS": 1, "UPDATED_OBJECTS": 1, "UNIQUE_OBJECTS_WRITTEN": 2}
    assert crm.counters() == counted


def test_operations_turn_rows_down() -> None:
    """An UPDATE creates nothing (UPDATE_ONLY_IMPORT), a CREATE updates nothing."""
    crm = keyed()
    assert crm.load(KEYED, row("a"), operation="UPDATE") == ["UPDATE_ONLY_IMPORT"]
    assert crm.load(KEYED, row("a"), operation="CREATE") == []
    assert crm.load(KEYED, row("a", "2"), operation="CREATE") == ["CREATE_ONLY_IMPORT"]
    assert crm.load(KEYED, row("a", "3"), row("", "4"), operation="UPDATE") == [
        "UPDATE_ONLY_IMPORT"
    ]
    assert crm.values("amount") == ["3"]


def test_updates_by_record_id() -> None:
    """HUBSPOT_OBJECT_ID; an id that is not there is an error of its row."""
    crm = Account()
    deal = crm.deal()
    columns = [record_id(), column("amount")]
    rows = [(deal, "5"), ("404", "6"), ("x", "7")]
    assert crm.load(columns, *rows, operation="UPDATE") == ["INVALID_OBJECT_ID"] * 2
    assert crm.values("amount") == ["5"]
    columns = [record_id(), column("dealname"), column("dealstage")]
    assert crm.load(columns, (deal, "New", ""), ("", "Other", "closedwon")) == []
    assert crm.values("dealname") == ["New", "Other"]


@pytest.mark.parametrize(("refuses", "amount"), [(True, "1"), (False, "2")])
def test_a_record_named_twice(refuses: bool, amount: str) -> None:
    """DUPLICATE_ALTERNATE_ID, DUPLICATE_OBJECT_ID; UNCERTAIN whether the last wins."""
    crm = keyed(import_refuses_duplicates=refuses)
    found = crm.load(KEYED, row("a", "1"), row("a", "2"))
    assert found == (["DUPLICATE_ALTERNATE_ID"] if refuses else [])
    assert crm.values("amount") == [amount]
    (deal,) = crm.values("id")
    columns = [record_id(), column("dealname")]
    found = crm.load(columns, (str(deal), "x"), (str(deal), "y"), operation="UPDATE")
    assert found == (["DUPLICATE_OBJECT_ID"] if refuses else [])


@pytest.mark.parametrize(("clears", "held"), [(False, "1"), (True, None)])
def test_blank_cells(clears: bool, held: str | None) -> None:
    """A blank cell leaves a value alone; UNCERTAIN, so the other reading is an option."""
    crm = keyed(import_blank_clears=clears)
    crm.load(KEYED, row("a"), row("b", ""))
    assert crm.values("amount") == ["1", None]
    crm.load(KEYED, row("a", ""))
    assert crm.values("amount") == [held, None]


def test_a_row_without_values() -> None:
    """A row of nothing is an error of its own; blank lines are none."""
    crm = keyed()
    found = crm.load(KEYED, ("", "", "", ""), ("",), row("a"))
    assert found == ["FAILED_TO_PROCESS_OBJECT_WITH_EMPTY_PROPERTY_VALUES"]
    assert crm.values("migrator_key") == ["a"]


def test_a_row_of_another_width() -> None:
    """INCORRECT_NUMBER_OF_COLUMNS costs the row only."""
    crm = keyed()
    found = crm.load(KEYED, (*row("a"), "more"), row("b")[:3], row("c"))
    assert found == ["INCORRECT_NUMBER_OF_COLUMNS"] * 2
    assert crm.values("migrator_key") == ["c"]


BAD_CELLS = [
    ("amount", "a lot", "COULD_NOT_PARSE_NUMBER"),
    ("closedate", "soon", "COULD_NOT_PARSE_DATE"),
    ("closedate", "2026-02-30", "COULD_NOT_PARSE_DATE"),
    ("closedate", "Foo 3 2026", "COULD_NOT_PARSE_DATE"),
    ("dealtype", "oldbusiness", "INVALID_ENUMERATION_OPTION"),
    ("hubspot_owner_id", "nobody@example.com", "COULD_NOT_FIND_OWNER"),
    ("hubspot_owner_id", "700005", "COULD_NOT_FIND_OWNER"),
    ("description", "x" * 65_537, "COLUMN_TOO_LARGE"),
    ("other_key", "taken", "DUPLICATE_UNIQUE_PROPERTY_VALUE"),
]


@pytest.mark.parametrize(("name", "text", "type"), BAD_CELLS)
@pytest.mark.parametrize("costs", ["row", "cell"])
def test_bad_cells(name: str, text: str, type: str, costs: str) -> None:
    """Each has its errorType; UNCERTAIN whether the row is written without the cell."""
    crm = keyed(import_bad_cell=costs)
    crm.unique_key("other_key")
    crm.deal(other_key="taken")
    columns = [key(), column("dealname"), column("dealstage"), column(name)]
    assert crm.load(columns, ("a", "D", "closedwon", text), ("b", "D", "closedwon", "")) == [type]
    assert crm.values("migrator_key")[1:] == (["a", "b"] if costs == "cell" else ["b"])
    assert crm.values(name)[1:] in ([None], [None, None])
    path = f"/crm/imports/2026-03/{crm.last['id']}/errors"
    (error,) = crm.call("GET", path, expect=200)["results"]
    assert (error["knownColumnNumber"], error["invalidValue"]) == (3, text)


def test_a_bad_value_that_a_record_must_have_costs_the_row() -> None:
    """INVALID_REQUIRED_PROPERTY; on a record that is there the value may stay."""
    crm = keyed(import_bad_cell="cell")
    bad = ("a", "D", "no such stage", "1")
    assert crm.load(KEYED, bad) == ["INVALID_REQUIRED_PROPERTY"]
    assert crm.values("id") == []
    crm.load(KEYED, row("a"))
    assert crm.load(KEYED, (*bad[:3], "2")) == ["INVALID_ENUMERATION_OPTION"]
    assert (crm.values("dealstage"), crm.values("amount")) == (["closedwon"], ["2"])
    assert crm.load(KEYED, ("b", "D", "", "1")) == ["MISSING_REQUIRED_PROPERTY"]


def test_two_bad_cells_of_a_row_are_both_told() -> None:
    """Rows fail individually, with all that is wrong with them."""
    crm = keyed()
    columns = [*KEYED, column("dealtype"), column("closedate")]
    assert crm.load(columns, (*row("a"), "x", "y")) == [
        "INVALID_ENUMERATION_OPTION",
        "COULD_NOT_PARSE_DATE",
    ]
    assert crm.counters() == {"ERRORS": 2}


def test_2026_09_imports_obey_the_rules_of_the_account() -> None:
    """A rule that asks for a close date turns rows down by the 2026-09 path only."""
    rules = {"closedwon": ("closedate",)}
    for path, found in (("2026-03", 0), ("2026-09", 1)):
        crm = keyed(conditional_required=rules)
        columns = [*KEYED, column("closedate")]
        header = tuple(one["columnName"] for one in columns)
        content = csv(header, (*row("a"), ""), (*row("b"), "01/02/2026"))
        started = send(crm, request(columns), content, path=f"/crm/imports/{path}")
        finished(crm, started)
        types = [one["errorType"] for one in errors(crm, started)]
        assert types == ["MISSING_REQUIRED_PROPERTY"] * found


def test_contacts_and_companies_are_known_without_a_column_type() -> None:
    """Contacts are matched by e-mail, companies by domain, though no column says so."""
    crm = Account()
    contacts = [column("email", type=CONTACTS), column("firstname", type=CONTACTS)]
    people = {CONTACTS: "UPSERT"}
    assert crm.load(contacts, ("ann@example.com", "An"), importOperations=people) == []
    assert crm.load(contacts, ("Ann@Example.com", "Ann"), importOperations=people) == []
    assert crm.values("firstname", "contacts") == ["Ann"]
    companies = [column("domain", type=COMPANIES), column("name", type=COMPANIES)]
    assert crm.load(companies, ("acme.com", "Acme"), ("", "Acme")) == []
    assert crm.load(companies, ("ACME.com", "Acme Inc")) == []
    assert crm.values("name", "companies") == ["Acme Inc", "Acme"]
    crm.record("companies", domain="acme.com")
    assert crm.load(companies, ("acme.com", "x")) == ["MULTIPLE_COMPANIES_WITH_THIS_DOMAIN"]


def test_a_secondary_unique_value_of_contacts() -> None:
    """An e-mail that somebody else has is a duplicate, though the API calls it a conflict."""
    crm = Account()
    crm.unique_key("ext", "contacts")
    crm.record("contacts", email="ann@example.com")
    columns = [key("ext", CONTACTS), column("email", type=CONTACTS)]
    found = crm.load(columns, ("x1", "ann@example.com"), importOperations={})
    assert found == ["DUPLICATE_UNIQUE_PROPERTY_VALUE"]


def test_records_of_one_row_are_linked() -> None:
    """Multi-object rows associate; a parent is named again and again; blanks are none."""
    crm = Account()
    columns = [
        column("dealname"),
        column("dealstage"),
        column("email", type=CONTACTS),
        column("domain", type=COMPANIES),
    ]
    rows = [
        ("A", "closedwon", "ann@example.com", "acme.com"),
        ("B", "closedwon", "ann@example.com", ""),
        ("C", "no such", "bob@example.com", "acme.com"),
    ]
    assert crm.load(columns, *rows) == ["INVALID_ENUMERATION_OPTION"]
    first, second = (str(one) for one in crm.values("id"))
    ann, bob = (str(one) for one in crm.values("id", "contacts"))
    (acme,) = (str(one) for one in crm.values("id", "companies"))
    assert crm.sandbox.associations("deals", "contacts") == {
        first: {ann: (3,)},
        second: {ann: (3,)},
    }
    assert crm.sandbox.associations("deals", "companies") == {first: {acme: (341,)}}
    linked = crm.sandbox.associations("companies", "contacts")
    assert linked == {acme: {ann: (280,), bob: (280,)}}
    counted = crm.last["metadata"]["counters"]
    assert (counted["ASSOCIATIONS_EMITTED"], counted["ASSOCIATIONS_CREATED"]) == (5, 5)
    assert crm.load(columns, ("", "", "ann@example.com", "acme.com")) == []
    counted = crm.last["metadata"]["counters"]
    assert (counted["ASSOCIATIONS_EMITTED"], counted.get("ASSOCIATIONS_CREATED")) == (1, None)


def test_notes_go_to_their_deals_by_record_id() -> None:
    """A column that only names a deal changes nothing about it."""
    crm = Account()
    deal = crm.deal()
    before = crm.call("GET", crm.objects(f"/{deal}"), expect=200)["updatedAt"]
    columns = [
        column("hs_note_body", type=NOTES),
        column("hs_timestamp", type=NOTES),
        record_id(),
    ]
    rows = [("Hello", "2026-03-31", deal), ("Lost", "2026-03-31", "404"), ("Blank", "", deal)]
    found = crm.load(columns, *rows, dateFormat="YEAR_MONTH_DAY")
    assert found == ["INVALID_OBJECT_ID", "MISSING_REQUIRED_PROPERTY"]
    hello, _ = (str(one) for one in crm.values("id", "notes"))
    assert crm.values("hs_note_body", "notes") == ["Hello", "Lost"]
    assert crm.sandbox.associations("notes", "deals") == {hello: {deal: (214,)}}
    assert crm.call("GET", crm.objects(f"/{deal}"), expect=200)["updatedAt"] == before
    # Two kinds that no type joins are imported side by side.
    pair = [
        *columns[:2],
        column("hs_task_subject", type="0-27"),
        column("due", "hs_timestamp", "0-27"),
    ]
    assert crm.load(pair, ("Hello", "01/02/2026", "Call", "01/02/2026")) == []
