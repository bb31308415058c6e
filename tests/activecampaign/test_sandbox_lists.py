"""Lists of deals in the ActiveCampaign sandbox, their history and their notes."""

from __future__ import annotations

from tests.activecampaign.sandbox import Rehearsal

# --- the list


def test_created_after_is_included_and_created_before_is_not() -> None:
    """Bounds of times, as dates (the account's midnight), with offset or with Z."""
    crm = Rehearsal()
    first = crm.deal()
    crm.seconds = 3600
    second = crm.deal()
    at = {"first": "2026-06-01T07:00:00-05:00", "second": "2026-06-01T13:00:00Z"}
    everything = [first, second]
    for params, wanted in (
        ({"filters__created_after": at["first"]}, everything),
        ({"filters__created_after": at["second"]}, [second]),
        ({"filters__created_before": at["second"]}, [first]),
        ({"filters__created_before": at["first"]}, []),
        ({"filters__created_after": "2026-06-01"}, everything),
        ({"filters__created_after": "2026-06-02"}, []),
        ({"filters__created_after": "2026-06-01 08:00:00"}, [second]),
        ({"filters__updated_after": at["second"]}, [second]),
        ({"filters__updated_before": at["second"]}, [first]),
        ({"filters__created_after": "yesterday"}, everything),
    ):
        assert crm.ids(orders__id="ASC", **params) == wanted, params


def test_the_other_documented_filters() -> None:
    """Stage, pipeline, status, owner, title, account, whole dollars, search in its fields."""
    crm = Rehearsal(pipelines={"Sales": ["Open"]})
    account = crm.account("Granite")
    person = crm.contact("mason@rock.example")
    crm.call("PUT", f"contacts/{person}", {"contact": {"firstName": "Mia", "lastName": "Stein"}})
    plain = crm.deal(value=9_999)
    rich = crm.deal(
        title="Gate", value=10_000, group="2", stage="4", owner="2", status=1, account=account,
        contact=person,
    )  # fmt: skip
    for params, wanted in (
        ({"filters__stage": "4"}, [rich]),
        ({"filters__group": "1"}, [plain]),
        ({"filters__status": "1"}, [rich]),
        ({"filters__owner": "1"}, [plain]),
        ({"filters__owner": "x"}, []),
        ({"filters__title": "gate"}, [rich]),
        ({"filters__title": "gat"}, []),
        ({"filters__organization": account}, [rich]),
        ({"filters__minimum_value": "100"}, [rich]),
        ({"filters__maximum_value": "100"}, [plain, rich]),
        ({"filters__maximum_value": "99"}, []),
        ({"filters__search": "GAT"}, [rich]),
        ({"filters__search": "stein"}, [rich]),
        ({"filters__search": "stein", "filters__search_field": "title"}, []),
        ({"filters__search": "mia", "filters__search_field": "contact"}, [rich]),
        ({"filters__search": "gran", "filters__search_field": "org"}, [rich]),
        ({"filters__score_greater_than": "1:5"}, []),
        ({"filters__group": "2", "filters__status": "0"}, []),
    ):
        assert crm.ids(orders__id="ASC", **params) == wanted, params
    contains = Rehearsal(title_filter="contains")
    made = contains.deal(title="Gate")
    assert contains.ids(filters__title="gat") == [made]


def test_unknown_filters_are_ignored_without_a_word() -> None:
    """All deals come back; undocumented filters and orders work by option only."""
    crm = Rehearsal()
    one, two = crm.deal(), crm.deal()
    contact = crm.stored(two)["contact"]
    asked = {"filters__contact": contact}
    assert crm.ids(filters__nonsense="1", orders__nonsense="ASC", orders__id="ASC") == [one, two]
    assert crm.ids(orders__id="ASC", **asked) == [one, two]
    crm = Rehearsal(undocumented=True)
    one, two = crm.deal(), crm.deal()
    assert crm.ids(**asked) == [two]
    crm.seconds = 5
    crm.call("PUT", f"deals/{one}", {"deal": {"title": "x"}})
    assert crm.ids(orders__mdate="ASC") == [two, one]
    search = {"filters__search": "person2@", "filters__search_field": "email"}
    assert crm.ids(**search) == [two]


def test_the_documented_orders() -> None:
    """Title, value, cdate, contact's first name, account's name; ties in the order of ids."""
    crm = Rehearsal()
    zoe, adam = crm.contact(), crm.contact()
    crm.call("PUT", f"contacts/{zoe}", {"contact": {"firstName": "Zoe"}})
    crm.call("PUT", f"contacts/{adam}", {"contact": {"firstName": "Adam"}})
    alpha, beta = crm.account("Alpha"), crm.account("Beta")
    one = crm.deal(title="b", value=2, contact=zoe, account=alpha)
    two = crm.deal(title="A", value=2, contact=adam, account=beta)
    three = crm.deal(title="c", value=1, contact=zoe, account=beta)
    for order, wanted in (
        ("title", [two, one, three]),
        ("value", [three, one, two]),
        ("cdate", [one, two, three]),
        ("contact_name", [two, one, three]),
        ("contact_orgname", [one, two, three]),
    ):
        assert crm.ids(**{f"orders__{order}": "ASC"}) == wanted, order
    assert crm.ids(orders__value="desc", orders__title="ASC") == [two, one, three]


def test_a_list_is_never_older_than_the_last_write() -> None:
    """Lists are kept between pages, and made anew after any write."""
    crm = Rehearsal()
    one = crm.deal()
    assert crm.ids(filters__title="Roof") == [one]
    crm.call("PUT", f"deals/{one}", {"deal": {"title": "New"}})
    assert crm.ids(filters__title="Roof") == []
    crm.call("PUT", f"deals/{one}", {"deal": {"title": "Roof"}})
    assert crm.ids(filters__title="Roof") == [one]
    crm.call("DELETE", f"deals/{one}")
    assert crm.ids(filters__title="Roof") == []


def test_deals_by_their_contacts_tags() -> None:
    """A tag's id, -1 for any tag, -2 for none; tags come with a bulk import."""
    crm = Rehearsal(import_delay=0)
    people = [{"email": "a@x.example", "tags": ["Hot", "hot"]}, {"email": "b@x.example"}]
    crm.call("POST", "import/bulk_import", {"contacts": people})
    tags = crm.get("tags", search="ho")["tags"]
    assert [one["tag"] for one in tags] == ["Hot"]
    ids = [one["id"] for one in crm.get("contacts")["contacts"]]
    tagged, plain = (crm.deal(contact=id) for id in ids)
    orphan = crm.deal(contact=None, account=crm.account())
    for tag, wanted in ((tags[0]["id"], [tagged]), ("9", []), ("-1", [tagged])):
        assert crm.ids(filters__tag=tag) == wanted
    assert crm.ids(filters__tag="-2", orders__id="ASC") == [plain, orphan]
    assert crm.get("contacts", tagid=tags[0]["id"])["contacts"][0]["id"] == ids[0]


def test_the_deals_of_a_contact_come_in_pages_of_twenty() -> None:
    """No ``meta``; an unknown contact is a Subscriber that was not found."""
    crm = Rehearsal()
    made = crm.deals(25)
    contact = crm.stored(made[0])["contact"]
    body = crm.get(f"contacts/{contact}/deals")
    assert set(body) == {"deals"}
    assert [one["id"] for one in body["deals"]] == made[:20]
    assert len(crm.get(f"contacts/{contact}/deals", offset=20)["deals"]) == 5
    message = {"message": "No Result found for Subscriber with id 100"}
    assert crm.get("contacts/100/deals", 404) == message


# --- history


def test_the_history_is_written_by_the_crm_itself() -> None:
    """Creation, stage, owner, value, notes and tasks; nothing can be posted there."""
    crm = Rehearsal(pipelines={"Sales": ["Open"]})
    id = crm.deal()
    crm.deal()
    changes = {"group": "2", "stage": "4", "owner": "2", "value": 5, "title": "New"}
    crm.call("PUT", f"deals/{id}", {"deal": changes})
    note = crm.call("POST", f"deals/{id}/notes", {"note": {"note": "n"}}, 201)["note"]["id"]
    rows = crm.get("dealActivities", deal=id)["dealActivities"]
    assert [(one["dataType"], one["dataAction"]) for one in rows] == [
        ("", "add"),
        ("value", "update"),
        ("userid", "update"),
        ("d_groupid", "update"),
        ("d_stageid", "update"),
        ("note", "add"),
    ]
    assert (rows[1]["dataId"], rows[1]["dataOldval"]) == ("5", "45600")
    assert crm.get(f"deals/{id}/dealActivities")["dealActivities"] == rows
    assert crm.stored(id)["activitycount"] == "6"
    only = crm.get("dealActivities", deal=id, filters__data_type="note", exclude="email")
    assert [one["dataId"] for one in only["dealActivities"]] == [note]
    assert only["meta"] == {"total": "1"}
    by_id = crm.get("dealActivities", filters__data_id=note, filters__data_type="note")
    assert len(by_id["dealActivities"]) == 1
    assert crm.get("dealActivities")["meta"]["total"] == "7"
    assert crm.get("dealActivities", deal="99")["dealActivities"] == []
    crm.call("POST", "dealActivities", {}, 404)


def test_notes_belong_to_the_tokens_user_and_are_of_today() -> None:
    """201; author and date cannot be given; read by the deal, by id and in the list."""
    crm = Rehearsal()
    id, other = crm.deal(), crm.deal()
    body = {"note": {"note": "Hello", "cdate": "2001-01-01", "userid": "3"}}
    note = crm.call("POST", f"deals/{id}/notes", body, 201)["note"]
    assert (note["userid"], note["reltype"], note["relid"]) == ("1", "Deal", id)
    assert note["owner"] == {"type": "deal", "id": id}
    assert note["cdate"] == "2026-06-01T07:00:00-05:00"
    crm.seconds = 60
    change = {"note": {"note": "Bye"}}
    changed = crm.call("PUT", f"deals/{id}/notes/{note['id']}", change)["note"]
    assert (changed["note"], changed["mdate"]) == ("Bye", "2026-06-01T07:01:00-05:00")
    crm.call("PUT", f"deals/{other}/notes/{note['id']}", change, 404)
    assert [one["note"] for one in crm.get(f"deals/{id}/notes")["notes"]] == ["Bye"]
    assert crm.get(f"deals/{other}/notes")["meta"] == {"total": "0"}
    crm.call("PUT", f"notes/{note['id']}", {"notes": {"note": "x"}})
    assert crm.get(f"notes/{note['id']}")["note"]["note"] == "Bye"
    crm.call("PUT", f"notes/{note['id']}", {"note": {"note": "Again"}})
    assert crm.get("notes")["notes"][0]["note"] == "Again"
    assert crm.sandbox.records("notes")[0]["note"] == "Again"
    assert crm.call("DELETE", f"notes/{note['id']}") == {}
    crm.get(f"notes/{note['id']}", 404)
    crm.call("POST", f"deals/{id}/notes", {"note": {"note": ""}}, 400)


def test_notes_about_other_records() -> None:
    """``reltype`` names the kind; the id comes back as it was sent."""
    crm = Rehearsal()
    deal, contact, account = crm.deal(), crm.contact(), crm.account()
    for kind, relid in (("Deal", deal), ("Subscriber", contact), ("CustomerAccount", account)):
        given = {"note": "n", "relid": int(relid), "reltype": kind}
        made = crm.call("POST", "notes", {"note": given}, 201)["note"]
        assert made["relid"] == int(relid)
        assert crm.get(f"notes/{made['id']}")["note"]["relid"] == relid
    given = {"note": "n", "relid": 99, "reltype": "Subscriber"}
    body = crm.call("POST", "notes", {"note": given}, 404)
    assert body == {"message": "No Result found for Subscriber with id 99"}
    crm.call("POST", "notes", {"note": {**given, "reltype": "Person"}}, 400)
