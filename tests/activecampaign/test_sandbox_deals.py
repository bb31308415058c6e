"""Deals in the ActiveCampaign sandbox: what is taken, what is refused, what comes back."""

from __future__ import annotations

from typing import Any

import pytest

from migrator.vendors.activecampaign.sandbox import ActiveCampaignSandbox
from tests.activecampaign.sandbox import Rehearsal

# --- writing


def test_a_created_deal_comes_back_with_what_it_belongs_to() -> None:
    """201 with contacts, dealGroups, dealStages and the deal (recorded in 2026)."""
    crm = Rehearsal()
    body = crm.call("POST", "deals", crm.body(), 201)
    assert set(body) == {"contacts", "dealGroups", "dealStages", "deal"}
    assert body["contacts"][0]["email"] == "person1@example.com"
    assert body["dealGroups"][0]["stages"] == ["1", "2", "3"]
    assert body["dealStages"][0]["title"] == "To Contact"
    assert body["deal"]["customFieldSaveStatus"] == {"status": "success"}
    assert body["deal"]["fields"] == []
    assert body["deal"]["nextdealid"] == "0"
    assert body["deal"]["isDisabled"] is False


def test_an_answer_repeats_what_was_sent_and_a_read_tells_what_is_stored() -> None:
    """156.24 is echoed, 156 is stored: the answer is no proof (recorded)."""
    crm = Rehearsal()
    body = crm.call("POST", "deals", crm.body(value=156.24, status=1, percent=30), 201)
    deal = body["deal"]
    assert (deal["value"], deal["status"], deal["percent"]) == (156.24, 1, 30)
    stored = crm.stored(deal["id"])
    assert (stored["value"], stored["status"], stored["percent"]) == ("156", "1", "30")
    body = crm.call("PUT", f"deals/{deal['id']}", {"deal": {"value": "99.9", "stage": 2}})
    assert (body["deal"]["value"], body["deal"]["stage"]) == ("99.9", 2)
    assert set(body) == {"dealStages", "deal"}
    assert crm.stored(deal["id"])["value"] == "99"


def test_reads_are_text_throughout() -> None:
    """All scalars of a stored deal are text or null, whatever was sent (recorded)."""
    crm = Rehearsal()
    account = crm.account()
    id = crm.deal(account=int(account), description="Nice")
    stored = crm.stored(id)
    assert stored["isDisabled"] is False
    for name, value in stored.items():
        if name not in {"links", "isDisabled"}:
            assert value is None or isinstance(value, str), name
    assert (stored["account"], stored["customerAccount"], stored["organization"]) == ("1",) * 3
    assert (stored["percent"], stored["status"], stored["edate"]) == ("0", "0", None)
    assert stored["nextdealid"] == stored["id"] == id


def test_text_of_any_length_and_alphabet_is_kept() -> None:
    """65,000 characters and any unicode."""
    crm = Rehearsal()
    field = crm.field("textarea")
    text = ("Blåbær ✓ \U0001f600 \n\t\"'\\ " * 5000)[:65_000]
    id = crm.deal(title=text, description=text[::-1], fields=[_value(field, text)])
    assert (crm.stored(id)["title"], crm.stored(id)["description"]) == (text, text[::-1])
    assert crm.values(id) == {field: [text]}


def _value(field: int, value: Any, **more: Any) -> dict[str, Any]:
    return {"customFieldId": field, "fieldValue": value, **more}


def test_unknown_keys_and_a_wrong_wrapper_lose_data_without_a_word() -> None:
    """Keys nobody knows are overlooked; another wrapper is 200 and nothing changed (recorded)."""
    crm = Rehearsal()
    id = crm.deal(name="Other", dealUrl="https://x.example")
    crm.seconds = 60
    before = crm.stored(id)
    assert before["title"] == "Roof"
    crm.call("PUT", f"deals/{id}", {"deals": {"title": "New"}})
    crm.call("PUT", f"deals/{id}", {"title": "New"})
    assert crm.stored(id) == before
    crm.call("POST", "deals", {"deals": crm.body()["deal"]}, 400)


@pytest.mark.parametrize(
    "missing", ["title", "contact", "value", "currency", "place", "owner of a pipeline without"]
)
def test_what_a_deal_must_have(missing: str) -> None:
    """Title, contact or account, value, currency, pipeline or stage; 400 ``{}`` as declared."""
    crm = Rehearsal()
    crm.call("PUT", "dealGroups/1", {"dealGroup": {"autoassign": 0}})
    lacking: dict[str, Any] = {missing: None}
    if missing == "place":
        lacking = {"group": None, "stage": None}
    elif missing.startswith("owner"):
        lacking = {"owner": None}
    assert crm.call("POST", "deals", crm.body(**lacking), 400) == {}
    assert crm.sandbox.records("deals") == []
    crm = Rehearsal(deal_errors="attributes")
    crm.call("PUT", "dealGroups/1", {"dealGroup": {"autoassign": 0}})
    error = crm.call("POST", "deals", crm.body(**lacking), 422)["errors"][0]
    name = {"place": "group"}.get(missing, missing.split(maxsplit=1)[0])
    pointer = f"/data/attributes/{name}"
    assert (error["code"], error["source"]["pointer"]) == ("field_missing", pointer)


BAD: dict[str, Any] = {
    "contact": "99",
    "account": "99",
    "owner": "99",
    "group": "99",
    "stage": "99",
    "value": -1,
    "currency": "dollars",
    "status": 3,
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("reading", ["bare", "attributes", "no_result"])
def test_what_a_deal_must_not_have(name: str, reading: str) -> None:
    """4xx on creates and updates alike, in any of the shapes that are thought possible."""
    crm = Rehearsal(deal_errors=reading)
    id = crm.deal()
    related = name in {"contact", "account", "owner", "group", "stage"}
    status = {"bare": 400, "attributes": 422, "no_result": 404 if related else 422}[reading]
    bad = {name: BAD[name]}
    before = crm.stored(id)
    created = crm.call("POST", "deals", crm.body(**bad), status)
    updated = crm.call("PUT", f"deals/{id}", {"deal": bad}, status)
    assert created == updated
    assert crm.stored(id) == before
    assert len(crm.sandbox.records("deals")) == 1
    if reading == "bare":
        assert created == {}
    elif status == 404:
        assert created["message"].startswith("No Result found for ")
        assert created["message"].endswith(" with id 99")
    else:
        error = created["errors"][0]
        assert error["source"] == {"pointer": f"/data/attributes/{name}"}
        assert error["code"] == ("related_missing" if related else "field_invalid")


@pytest.mark.parametrize("value", [True, "abc", [], {}, "1e999", "", "NaN", 10**30])
def test_a_value_is_a_number_of_cents(value: Any) -> None:
    """What is no number, or no finite one, is refused and never stored as something else."""
    crm = Rehearsal()
    crm.call("POST", "deals", crm.body(value=value), 400)


def test_values_beyond_32_bits_are_kept_cut_or_refused() -> None:
    """The schema says int32; what becomes of more is not known: an option for each reading."""
    large = 2_147_483_648
    crm = Rehearsal()
    assert crm.stored(crm.deal(value=large))["value"] == str(large)
    crm = Rehearsal(int32="clamp")
    assert crm.stored(crm.deal(value=large))["value"] == str(large - 1)
    crm = Rehearsal(int32="refuse")
    crm.call("POST", "deals", crm.body(value=large), 400)
    assert crm.stored(crm.deal(value=large - 1))["value"] == str(large - 1)


def test_currencies_are_lower_case() -> None:
    """Three small letters; capitals are taken by option and come back small."""
    crm = Rehearsal()
    for bad in ("USD", "us", "u$d", 5):
        crm.call("POST", "deals", crm.body(currency=bad), 400)
    crm = Rehearsal(upper_currency=True)
    assert crm.stored(crm.deal(currency="EUR"))["currency"] == "eur"


def test_the_deals_currency_is_its_own() -> None:
    """It may differ from the pipeline's."""
    crm = Rehearsal(currency="NOK")
    assert crm.get("dealGroups/1")["dealGroup"]["currency"] == "nok"
    assert crm.stored(crm.deal(currency="sek"))["currency"] == "sek"


def test_an_account_is_as_good_as_a_contact() -> None:
    """One of the two is needed."""
    crm = Rehearsal()
    id = crm.deal(contact=None, account=crm.account())
    assert (crm.stored(id)["contact"], crm.stored(id)["account"]) == (None, "1")


def test_pipeline_and_stage_follow_from_each_other() -> None:
    """Stage null: the pipeline's first; pipeline missing: the stage's; they must agree."""
    crm = Rehearsal(pipelines={"Sales": ["Open", "Won"]})
    body = crm.call(
        "POST", "deals", {"deal": {**crm.body()["deal"], "group": 2, "stage": None}}, 201
    )
    assert body["deal"]["stage"] == "4"
    id = crm.deal(group=None, stage="5")
    assert (crm.stored(id)["group"], crm.stored(id)["stage"]) == ("2", "5")
    crm.call("POST", "deals", crm.body(group="1", stage="5"), 400)
    crm.call("PUT", f"deals/{id}", {"deal": {"stage": "1"}}, 400)
    crm.call("PUT", f"deals/{id}", {"deal": {"group": "2"}})
    assert crm.stored(id)["stage"] == "5"
    crm.call("PUT", f"deals/{id}", {"deal": {"group": "1"}})
    assert crm.stored(id)["stage"] == "1"
    crm.call("PUT", f"deals/{id}", {"deal": {"group": "2", "stage": "5", "status": 1}})
    assert (crm.stored(id)["stage"], crm.stored(id)["status"]) == ("5", "1")


def test_a_pipeline_without_stages_takes_no_deals() -> None:
    """There is no first stage to put them in."""
    crm = Rehearsal()
    for stage in ("1", "2", "3"):
        crm.call("DELETE", f"dealStages/{stage}")
    crm.call("POST", "deals", crm.body(stage=None), 400)


def test_a_deal_without_owner_is_given_to_somebody_else() -> None:
    """Auto-assignment: round robin, and rarely to whoever sent the deal."""
    crm = Rehearsal(users=("a@x.example", "b@x.example", "c@x.example"))
    made = [crm.deal(owner=None) for _ in range(4)]
    assert [crm.stored(id)["owner"] for id in made] == ["2", "3", "1", "2"]
    crm.call("POST", "deals", crm.body(owner=None, currency="x"), 400)
    assert crm.stored(crm.deal(owner=""))["owner"] == "3"


def test_a_deal_without_owner_may_go_to_who_has_the_least() -> None:
    """Auto-assignment by value, among the pipeline's own users."""
    crm = Rehearsal()
    crm.call("PUT", "dealGroups/1", {"dealGroup": {"autoassign": 2, "users": ["1", "3"]}})
    crm.deal(owner="3", value=10)
    crm.deal(owner="1", value=20)
    crm.deal(owner="2", value=1)
    assert crm.stored(crm.deal(owner=None))["owner"] == "3"


def test_updates_change_what_is_named_only() -> None:
    """PUT and PATCH are partial; null leaves a value; ``mdate`` moves."""
    crm = Rehearsal()
    id = crm.deal(description="Old")
    other = crm.contact()
    account = crm.account()
    before = crm.stored(id)
    crm.seconds = 60
    given = {"title": "New", "value": None, "contact": other, "account": account, "owner": "2"}
    crm.call("PATCH", f"deals/{id}", {"deal": {**given, "percent": 5, "currency": "eur"}})
    after = crm.stored(id)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {
        *("title", "contact", "account", "customerAccount", "organization", "owner"),
        *("percent", "currency", "mdate", "activitycount"),
    }
    assert after["mdate"] == "2026-06-01T07:01:00-05:00"
    assert [one["id"] for one in crm.get(f"contacts/{other}/deals")["deals"]] == [id]
    assert crm.get(f"contacts/{before['contact']}/deals")["deals"] == []


def test_the_end_of_a_deal_has_three_forms() -> None:
    """``edate`` is null, ``0000-00-00 00:00:00`` or a local time without offset (recorded)."""
    crm = Rehearsal()
    id = crm.deal()
    assert crm.stored(id)["edate"] is None
    crm.call("PUT", f"deals/{id}", {"deal": {"status": 2}})
    assert crm.stored(id)["edate"] == "2026-06-01 07:00:00"
    crm.call("PUT", f"deals/{id}", {"deal": {"status": 0}})
    assert crm.stored(id)["edate"] == "0000-00-00 00:00:00"


def test_nothing_recognises_the_same_deal_sent_twice() -> None:
    """No idempotency and no natural key: two deals."""
    crm = Rehearsal()
    body = crm.body()
    for _ in range(2):
        crm.call("POST", "deals", body, 201)
    assert len(crm.sandbox.records("deals")) == 2


def test_a_deleted_deal_is_gone_with_all_that_hung_on_it() -> None:
    """200 ``{}``, then 404 with a message; values, notes, tasks and links go too."""
    crm = Rehearsal()
    field, second = crm.field(), crm.contact()
    id = crm.deal(fields=[_value(field, "x")])
    kept = crm.deal()
    crm.call("POST", "contactDeals", {"contactDeal": {"contact": second, "deal": id}})
    crm.call("POST", f"deals/{id}/notes", {"note": {"note": "n"}}, 201)
    task = {"relid": id, "duedate": "2026-06-02", "dealTasktype": "1"}
    crm.call("POST", "dealTasks", {"dealTask": task}, 201)
    assert crm.call("DELETE", f"deals/{id}") == {}
    message = {"message": f"No Result found for Deal with id {id}"}
    assert crm.get(f"deals/{id}", 404) == message
    assert crm.call("DELETE", f"deals/{id}", expect=404) == message
    assert crm.call("PUT", f"deals/{id}", {"deal": {}}, 404) == message
    for path, key in (
        ("dealCustomFieldData", "dealCustomFieldData"),
        ("contactDeals", "contactDeals"),
        ("notes", "notes"),
    ):
        assert crm.get(path)[key] == []
    assert crm.get("dealTasks", 201)["dealTasks"] == []
    assert {one["deal"] for one in crm.get("dealActivities")["dealActivities"]} == {kept}
    assert crm.ids() == [kept]


# --- stubs


def test_deals_out_of_reach_are_stubs_among_the_others() -> None:
    """``isDisabled`` 1 or true, no more than a title; counted in ``meta.total``."""
    crm = Rehearsal(stubs=3)
    id = crm.deal()
    body = crm.get("deals", orders__id="ASC")
    stubs = body["deals"][:3]
    assert [one["isDisabled"] for one in stubs] == [1, True, 1]
    assert {type(one["isDisabled"]) for one in stubs} == {int, bool}
    assert all(set(one) == {"id", "title", "status", "isDisabled"} for one in stubs)
    assert body["deals"][3]["id"] == id
    assert body["meta"]["total"] == 4
    assert body["meta"]["currencies"]["USD"]["total"] == "4"
    assert crm.stored("1")["isDisabled"] == 1
    for method in ("PUT", "DELETE"):
        assert crm.call(method, "deals/1", {"deal": {"title": "x"}}, 403) == {}
    assert [one["fields"] for one in crm.sandbox.records("deals")] == [{}] * 4


def test_a_deleted_pipeline_leaves_stubs_and_stages() -> None:
    """Its deals stay in lists as stubs and its stages in ``/dealStages`` (recorded)."""
    crm = Rehearsal(pipelines={"Sales": ["Open"]})
    gone, kept = crm.deal(group="2", stage="4"), crm.deal()
    assert crm.call("DELETE", "dealGroups/2") == {}
    assert crm.get("dealGroups/2", 404) == {"message": "No Result found for DealGroup with id 2"}
    assert crm.stored(gone) == {"id": gone, "title": "Roof", "status": "0", "isDisabled": 1}
    assert crm.stored(kept)["isDisabled"] is False
    stages = crm.get("dealStages")["dealStages"]
    assert [one["group"] for one in stages] == ["1", "1", "1", "2"]
    crm.call("POST", "deals", crm.body(group=None, stage="4"), 400)


# --- owners of many


def test_bulk_update_has_one_result_per_deal() -> None:
    """``success``, ``nochange`` and ``failed`` with ids as text, in a 200."""
    crm = Rehearsal(stubs=1)
    one, two = crm.deals(2)
    wanted = [{"id": int(one), "ownerId": 2}, {"id": two, "ownerId": "1"}, {"id": 99, "ownerId": 1}]
    body = crm.call("PATCH", "deals/bulkUpdate", {"deals": [*wanted, {"id": 1, "ownerId": 2}]})
    assert body == {"success": [one], "nochange": [two], "failed": ["99", "1"]}
    assert (crm.stored(one)["owner"], crm.stored(two)["owner"]) == ("2", "1")


def test_a_wrong_owner_stops_a_bulk_update_as_a_whole() -> None:
    """422 with status and title; the second of the two is sent as plain text (documented)."""
    crm = Rehearsal()
    one, two = crm.deals(2)
    good = {"id": one, "ownerId": 2}
    answer = crm.call("PATCH", "deals/bulkUpdate", {"deals": [good, {"id": two}]}, 422)
    title = f"ownerId is required for a deal '{two}'."
    assert answer == {"errors": [{"status": 422, "title": title}]}
    bad = {"id": two, "ownerId": 999999}
    response = crm.call("PATCH", "deals/bulkUpdate", {"deals": [good, bad]}, None)
    assert response.status_code == 422
    assert response.headers["Content-Type"].startswith("text/plain")
    title = f"Owner(user) with id '999999' was not found for a deal '{two}'."
    assert response.json() == {"errors": [{"status": 422, "title": title}]}
    assert crm.stored(one)["owner"] == "1"
    wrong: list[Any] = [[], {"deals": {}}, {"deals": [1]}]
    for body in wrong:
        crm.call("PATCH", "deals/bulkUpdate", body, 400)


# --- for tests


def test_records_are_what_is_stored() -> None:
    """For tests: rows as reads give them, custom fields by label."""
    crm = Rehearsal()
    field = crm.field(label="Ref")
    id = crm.deal(fields=[_value(field, "k1")])
    record = crm.sandbox.records("deals")[0]
    assert record["fields"] == {"Ref": "k1"}
    assert "links" not in record
    stored = crm.stored(id)
    assert {**record, "links": stored["links"]} == {**stored, "fields": {"Ref": "k1"}}
    crm.account()
    assert crm.sandbox.records("companies")[0]["name"] == "Acme"
    assert crm.sandbox.records("tasks") == []
    with pytest.raises(KeyError):
        ActiveCampaignSandbox().records("leads")
