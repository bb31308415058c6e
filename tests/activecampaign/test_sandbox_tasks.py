"""Secondary contacts, roles and tasks in the ActiveCampaign sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from tests.activecampaign.sandbox import Rehearsal, no_result

# --- secondary contacts and roles


def test_a_secondary_contact_of_a_deal() -> None:
    """200, ids as they were sent; the role comes by PUT; both listings know it."""
    crm = Rehearsal()
    deal, other = crm.deals(2)
    contact = crm.contact()
    given = {"contact": int(contact), "deal": int(deal), "role": 1}
    body = crm.call("POST", "contactDeals", {"contactDeal": given})
    made = body["contactDeal"]
    assert (made["contact"], made["deal"], made["role"]) == (int(contact), int(deal), None)
    assert [one["id"] for one in body["deals"]] == [deal]
    row = crm.get(f"contactDeals/{made['id']}")["contactDeal"]
    assert (row["contact"], row["deal"]) == (contact, deal)
    change = {"contactDeal": {"role": 1}}
    body = crm.call("PUT", f"contactDeals/{made['id']}", change)
    assert body["contactDeal"]["role"] == 1
    row = crm.get(f"contactDeals/{made['id']}")["contactDeal"]
    assert row["role"] == "1"
    assert crm.get(f"deals/{deal}/contactDeals") == {"contactDeals": [row]}
    assert crm.get("contactDeals") == {"contactDeals": [row], "meta": {"total": "1"}}
    of_contact = crm.get(f"contacts/{contact}/contactDeals")
    assert of_contact["contactDeals"] == [row]
    assert [one["id"] for one in of_contact["contacts"]] == [contact]
    assert [one["id"] for one in of_contact["deals"]] == [deal]
    primary = crm.stored(deal)["contact"]
    empty: dict[str, Any] = {"contacts": [], "deals": [], "contactDeals": []}
    assert crm.get(f"contacts/{primary}/contactDeals") == empty
    crm.call("PUT", f"contactDeals/{made['id']}", {"contactDeal": {"deal": other}})
    assert crm.get(f"deals/{deal}/contactDeals")["contactDeals"] == []
    assert crm.get(f"deals/{other}/contactDeals")["contactDeals"][0]["role"] == "1"
    assert crm.call("DELETE", f"contactDeals/{made['id']}") == {}
    missing = no_result("SubscriberDeal", made["id"])
    for method in ("GET", "PUT", "DELETE"):
        assert crm.call(method, f"contactDeals/{made['id']}", {}, 404) == missing
    assert crm.get(f"deals/{other}/contactDeals")["contactDeals"] == []
    missing = no_result("Subscriber", "99")
    assert crm.get("contacts/99/contactDeals", 404) == missing


def test_what_a_secondary_contact_must_be() -> None:
    """422 with title, code and pointer; some as plain text (documented)."""
    crm = Rehearsal()
    deal, other = crm.deals(2)
    primary, contact = crm.stored(deal)["contact"], crm.contact()
    good = {"contact": contact, "deal": deal}
    crm.call("POST", "contactDeals", {"contactDeal": good})
    elsewhere = {"contactDeal": {"contact": contact, "deal": other}}
    second = crm.call("POST", "contactDeals", elsewhere)["contactDeal"]["id"]
    already = ("The given contact is already associated to the deal", "field_invalid", "contact")
    gone = ("The related contact does not exist.", "related_missing", "contact")
    cases: list[tuple[dict[str, Any], tuple[str, str, str]]] = [
        (good, already),
        ({**good, "contact": primary}, already),
        ({"deal": deal}, ("The contactDeal contact was not provided.", "field_missing", "contact")),
        ({**good, "contact": "99"}, gone),
        ({"contact": contact}, ("The contactDeal deal was not provided.", "field_missing", "deal")),
        ({**good, "deal": 99}, ("The related deal does not exist.", "related_missing", "deal")),
    ]
    for given, (title, code, name) in cases:
        response = crm.call("POST", "contactDeals", {"contactDeal": given}, None)
        error = response.json()["errors"][0]
        assert response.status_code == 422
        assert (error["title"], error["code"], error["detail"]) == (title, code, "")
        assert error["source"] == {"pointer": f"/data/attributes/{name}"}
        plain = response.headers["Content-Type"].startswith("text/plain")
        assert plain == (title != already[0])
    crm.call("PUT", f"contactDeals/{second}", {"contactDeal": {"deal": deal}}, 422)
    bad_role = crm.call("PUT", f"contactDeals/{second}", {"contactDeal": {"role": 99}}, 422)
    assert bad_role["errors"][0]["code"] == "related_missing"
    assert crm.get("contactDeals")["meta"] == {"total": "2"}


def test_roles_are_created_searched_and_deleted() -> None:
    """No reading by id and no changing; a deleted role is gone from who had it."""
    crm = Rehearsal()
    role = crm.call("POST", "dealRoles", {"title": "Finance"})["dealRole"]
    assert role["title"] == "Finance"
    assert crm.get("dealRoles", search="FIN")["dealRoles"] == [role]
    assert crm.get("dealRoles")["meta"] == {"total": "3"}
    deal, contact = crm.deal(), crm.contact()
    pair = {"contactDeal": {"contact": contact, "deal": deal}}
    link = crm.call("POST", "contactDeals", pair)["contactDeal"]["id"]
    crm.call("PUT", f"contactDeals/{link}", {"contactDeal": {"role": role["id"]}})
    assert crm.call("DELETE", f"dealRoles/{role['id']}") == {}
    assert crm.call("DELETE", f"dealRoles/{role['id']}", expect=400) == {}
    assert crm.get(f"contactDeals/{link}")["contactDeal"]["role"] is None
    crm.get("dealRoles/1", 404)


def test_the_body_of_a_role_may_be_bare_or_wrapped() -> None:
    """Nobody knows; sent the other way the role comes out without a title, in a 200."""
    bare: dict[str, Any] = {"title": "Finance"}
    wrapped = {"dealRole": bare}
    for form, works in (("bare", [bare]), ("wrapped", [wrapped]), ("both", [bare, wrapped])):
        crm = Rehearsal(role_body=form)
        for body in (bare, wrapped):
            title = crm.call("POST", "dealRoles", body)["dealRole"]["title"]
            assert title == ("Finance" if body in works else "")


# --- tasks


def task(crm: Rehearsal, relid: str, **more: Any) -> Any:
    """Create a task; its row in the answer."""
    given = {"relid": relid, "duedate": "2026-06-02T12:00:00-05:00", "dealTasktype": "1", **more}
    return crm.call("POST", "dealTasks", {"dealTask": given}, 201)["dealTask"]


def test_a_task_of_a_deal() -> None:
    """``ownerType`` goes out, ``reltype`` and ``owner`` come in; reads are a 201 (documented)."""
    crm = Rehearsal()
    deal = crm.deal()
    more = {"edate": "2026-06-02T12:15:00-05:00", "title": None, "triggerAutomationOnCreate": 100}
    made = task(crm, deal, note="Call", assignee=2, status=0, doneAutomation=101, **more)
    assert (made["reltype"], made["owner"]) == ("Deal", {"type": "deal", "id": deal})
    assert (made["status"], made["title"], made["assignee"]) == (0, None, "2")
    assert (made["automation"], made["doneAutomation"]) == (100, 101)
    assert (made["duedate"], made["edate"]) == ("2026-06-02T12:00:00-05:00", more["edate"])
    assert "ownerType" not in made
    read = crm.get(f"dealTasks/{made['id']}", 201)["dealTask"]
    assert read == {**made, "status": "0"}
    stored = crm.stored(deal)
    assert (stored["nexttaskid"], stored["nextdate"]) == (made["id"], made["duedate"])
    crm = Rehearsal(task_read_status=200)
    id = task(crm, crm.deal())["id"]
    crm.get("dealTasks", 200)
    crm.get(f"dealTasks/{id}", 200)
    assert crm.sandbox.records("tasks")[0]["id"] == id


def test_a_task_of_a_contact() -> None:
    """Its ``reltype`` is Subscriber."""
    crm = Rehearsal()
    contact = crm.contact()
    made = task(crm, contact, ownerType="contact")
    assert (made["reltype"], made["owner"]) == ("Subscriber", {"type": "contact", "id": contact})
    crm.call("DELETE", f"dealTasks/{made['id']}")
    assert crm.get("dealTasks", 201)["dealTasks"] == []


@pytest.mark.parametrize(
    "bad",
    [
        {"relid": None},
        {"relid": ""},
        {"duedate": None},
        {"duedate": "soon"},
        {"dealTasktype": None},
        {"dealTasktype": "9"},
        {"ownerType": "account"},
    ],
)
def test_a_task_needs_an_owner_a_date_and_a_type(bad: Any) -> None:
    """400 ``{}``."""
    crm = Rehearsal()
    given = {"relid": crm.deal(), "duedate": "2026-06-02", "dealTasktype": "1", **bad}
    assert crm.call("POST", "dealTasks", {"dealTask": given}, 400) == {}
    assert crm.sandbox.records("tasks") == []


def test_the_next_task_of_a_deal_is_the_open_one_due_first() -> None:
    """Done or deleted ones do not count; PUT answers 201 and says ``ownerType`` too."""
    crm = Rehearsal()
    assert crm.call("POST", "dealTasks", {"dealTask": {
        "relid": "99", "duedate": "2026-06-02", "dealTasktype": "1",
    }}, 404) == no_result("Deal", "99")  # fmt: skip
    deal = crm.deal()
    late, early = task(crm, deal, duedate="2026-07-01"), task(crm, deal, duedate="2026-06-20")
    assert crm.stored(deal)["nexttaskid"] == early["id"]
    path = f"dealTasks/{early['id']}"
    crm.call("PUT", path, {"dealTasks": {"status": 1}}, 201)
    assert crm.stored(deal)["nexttaskid"] == early["id"]
    done = {"status": 1, "outcomeId": 91, "outcomeInfo": "Met"}
    body = crm.call("PUT", path, {"dealTask": done}, 201)["dealTask"]
    assert (body["ownerType"], body["outcomeId"], body["outcomeInfo"]) == ("deal", 91, "Met")
    assert body["donedate"] == "2026-06-01T07:00:00-05:00"
    assert crm.stored(deal)["nexttaskid"] == late["id"]
    changes = {"status": 0, "dealTasktype": "2", "duedate": "2026-08-01", "title": "T", "note": "N"}
    body = crm.call("PUT", path, {"dealTask": changes}, 201)["dealTask"]
    assert (body["dealTasktype"], body["title"], body["note"]) == ("2", "T", "N")
    assert (body["status"], body["donedate"]) == ("0", None)
    assert crm.stored(deal)["nexttaskid"] == late["id"]
    crm.call("PUT", path, {"dealTask": {"duedate": "soon", "note": "x"}}, 400)
    assert crm.get(path, 201)["dealTask"]["note"] == "N"
    assert crm.call("DELETE", f"dealTasks/{late['id']}") == {}
    assert crm.stored(deal)["nexttaskid"] == early["id"]
    crm.call("DELETE", path)
    assert (crm.stored(deal)["nexttaskid"], crm.stored(deal)["nextdate"]) == (None, None)
    for method in ("GET", "PUT", "DELETE"):
        assert crm.call(method, path, {}, 404) == no_result("DealTask", early["id"])


def test_completing_a_task_may_need_an_outcome() -> None:
    """Required at the time of completion, says the documentation; by option."""
    crm = Rehearsal(outcome_required=True)
    id = task(crm, crm.deal())["id"]
    crm.call("PUT", f"dealTasks/{id}", {"dealTask": {"status": 1}}, 400)
    crm.call("PUT", f"dealTasks/{id}", {"dealTask": {"status": 1, "outcomeId": 3}}, 201)


def test_filters_of_tasks() -> None:
    """The documented ones; others are ignored."""
    crm = Rehearsal()
    deal, contact = crm.deal(), crm.contact()
    one = task(crm, deal, title="Call", duedate="2026-06-02", note="N", assignee="2")["id"]
    two = task(crm, contact, ownerType="contact", duedate="2026-05-01", dealTasktype="2")["id"]
    three = task(crm, deal, duedate="2026-07-02", status=1, outcomeId="5")["id"]

    def ids(**params: Any) -> list[str]:
        return [row["id"] for row in crm.get("dealTasks", 201, **params)["dealTasks"]]

    for params, wanted in (
        ({"filters__title": "Call"}, [one]),
        ({"filters__note": "N"}, [one]),
        ({"filters__reltype": "Subscriber"}, [two]),
        ({"filters__relid": deal}, [one, three] if deal != contact else [one, two, three]),
        ({"filters__status": "1"}, [three]),
        ({"filters__d_tasktypeid": "2"}, [two]),
        ({"filters__userid": "1"}, [one, two, three]),
        ({"filters__userid": "x"}, []),
        ({"filters__assignee_userid": "2"}, [one]),
        ({"filters__outcome_id": "5"}, [three]),
        ({"filters__duedate": "2026-05-01"}, [two]),
        ({"filters__due_after": "2026-06-01"}, [one, three]),
        ({"filters__due_before": "2026-06-01"}, [two]),
        ({"filters__duedate_range": "2026-06-01+2026-06-02"}, [one]),
        ({"filters__duedate_range": "overdue"}, [two]),
        ({"filters__duedate_range": "upcoming"}, [one]),
        ({"filters__duedate_range": "scheduled"}, [one, three]),
        ({"filters__duedate_range": "nonsense"}, [one, two, three]),
        ({"filters__nonsense": "1"}, [one, two, three]),
    ):
        assert ids(**params) == wanted, params
    crm = Rehearsal(misspelt_due_before=True)
    one = task(crm, crm.deal())["id"]
    assert ids(filters__due_before="2001-01-01") == [one]
    assert ids(Fitlers__due_before="2001-01-01") == []


def test_deals_by_their_tasks() -> None:
    """By the kind of task and by when the next one is due; overdue ones come last."""
    crm = Rehearsal()
    none, soon, late, far = crm.deals(4)
    task(crm, soon, duedate="2026-06-03", dealTasktype="3")
    task(crm, late, duedate="2026-05-01")
    task(crm, far, duedate="2026-12-01")
    for params, wanted in (
        ({"filters__tasktype": "3"}, [soon]),
        ({"filters__nextdate_range": "no-task"}, [none]),
        ({"filters__nextdate_range": "overdue"}, [late]),
        ({"filters__nextdate_range": "upcoming"}, [soon]),
        ({"filters__nextdate_range": "scheduled"}, [soon, far]),
        ({"filters__nextdate_range": "whenever"}, [none, soon, late, far]),
    ):
        assert crm.ids(orders__id="ASC", **params) == wanted
    assert crm.ids(**{"orders__next-action": "ASC"}) == [soon, far, none, late]
    crm.seconds = 3 * 86_400
    assert crm.ids(filters__nextdate_range="overdue", orders__id="ASC") == [soon, late]


def test_task_types_cannot_be_deleted_only_disabled() -> None:
    """Four from the start; titles are unique; DELETE is always 403 ``{}``."""
    crm = Rehearsal()
    titles = [one["title"] for one in crm.get("dealTasktypes")["dealTasktypes"]]
    assert titles == ["Call", "Email", "Lunch", "Meeting"]
    body = {"dealTasktype": {"title": "Skype", "status": 0}}
    made = crm.call("POST", "dealTasktypes", body)["dealTasktype"]
    assert (made["status"], made["id"]) == ("0", "5")
    assert crm.call("POST", "dealTasktypes", body, 400) == {}
    crm.call("POST", "dealTasktypes", {"dealTasktype": {}}, 400)
    assert crm.call("DELETE", "dealTasktypes/5", expect=403) == {}
    crm.call("PUT", "dealTasktypes/5", {"dealTasktypes": {"status": 1}})
    assert crm.get("dealTasktypes/5")["dealTasktype"]["status"] == "0"
    change = {"dealTasktype": {"title": "Skype", "status": 1}}
    assert crm.call("PUT", "dealTasktypes/5", change)["dealTasktype"]["status"] == "1"
    crm.call("PUT", "dealTasktypes/5", {"dealTasktype": {"title": "Call"}}, 400)
    assert crm.get("dealTasktypes/9", 404) == no_result("DealTasktype", "9")


def test_all_tasks_of_a_type_can_be_moved() -> None:
    """To a type that is there; with the deals they belong to."""
    crm = Rehearsal()
    deal = crm.deal()
    one = task(crm, deal)["id"]
    two = task(crm, crm.contact(), ownerType="contact")["id"]
    body = crm.call("PUT", "dealTasktypes/1/dealTasks", {"dealTask": {"dealTasktype": "2"}})
    assert [row["id"] for row in body["dealTasks"]] == [one, two]
    assert {row["dealTasktype"] for row in body["dealTasks"]} == {"2"}
    assert [row["id"] for row in body["deals"]] == [deal]
    crm.call("PUT", "dealTasktypes/2/dealTasks", {"dealTask": {"dealTasktype": "9"}}, 400)
