"""Pipelines, stages and users in the ActiveCampaign sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from tests.activecampaign.sandbox import Rehearsal, no_result

AUTOMATIC = ["To Contact", "In Contact", "Follow Up"]


def pipeline(crm: Rehearsal, title: str = "Sales", **more: Any) -> str:
    """Create a pipeline; its id."""
    body = {"dealGroup": {"title": title, "currency": "eur", **more}}
    found: str = crm.call("POST", "dealGroups", body, 201)["dealGroup"]["id"]
    return found


def stage(crm: Rehearsal, title: str, group: str, **more: Any) -> Any:
    """Create a stage; its row in the answer."""
    body = {"dealStage": {"title": title, "group": group, **more}}
    return crm.call("POST", "dealStages", body, 201)["dealStage"]


# --- pipelines


def test_a_new_pipeline_has_three_stages_nobody_asked_for() -> None:
    """201; without ``autoassign`` it is off (recorded); the stages have no date."""
    crm = Rehearsal()
    body = crm.call("POST", "dealGroups", {"dealGroup": {"title": "Sales", "currency": "eur"}}, 201)
    assert [one["title"] for one in body["dealStages"]] == AUTOMATIC
    assert [one["order"] for one in body["dealStages"]] == ["1", "2", "3"]
    assert {one["cdate"] for one in body["dealStages"]} == {None}
    assert {one["cardRegion4"] for one in body["dealStages"]} == {"contact-fullname-acctname"}
    assert body["dealGroup"]["stages"] == [one["id"] for one in body["dealStages"]]
    assert (body["dealGroup"]["autoassign"], body["dealGroup"]["currency"]) == ("0", "eur")
    assert crm.stored(crm.deal(group=body["dealGroup"]["id"], stage=None))["stage"] == "4"


def test_a_pipelines_flags_come_back_as_sent_and_are_read_as_text() -> None:
    """Users and groups are sideloaded as rows of their own."""
    crm = Rehearsal()
    given = {"allgroups": 1, "allusers": 0, "autoassign": 1, "users": ["3", "4"], "groups": ["77"]}
    body = crm.call(
        "POST", "dealGroups", {"dealGroup": {"title": "Q", "currency": "eur", **given}}, 201
    )
    assert {name: body["dealGroup"][name] for name in given if name.startswith("a")} == {
        "allgroups": 1,
        "allusers": 0,
        "autoassign": 1,
    }
    assert [one["user"] for one in body["dealGroupUsers"]] == ["3", "4"]
    assert [one["group"] for one in body["dealGroupGroups"]] == ["77"]
    read = crm.get(f"dealGroups/{body['dealGroup']['id']}")
    assert (read["dealGroup"]["allusers"], read["dealGroup"]["autoassign"]) == ("0", "1")
    assert [one["title"] for one in read["dealStages"]] == AUTOMATIC


@pytest.mark.parametrize("given", [{"title": "x"}, {"currency": "usd"}, {}])
def test_a_pipeline_needs_a_title_and_a_currency(given: Any) -> None:
    """400 ``{}``."""
    crm = Rehearsal()
    assert crm.call("POST", "dealGroups", {"dealGroup": given}, 400) == {}
    assert crm.get("dealGroups")["meta"] == {"total": "1"}


def test_pipelines_are_listed_with_the_stages_of_the_page() -> None:
    """Filters by a part of the title and by stages; orders by title and by deals."""
    crm = Rehearsal()
    sales, empty = pipeline(crm), pipeline(crm, "Alpha sales")
    for one in crm.get(f"dealGroups/{empty}")["dealGroup"]["stages"]:
        crm.call("DELETE", f"dealStages/{one}")
    crm.deal(group=sales, stage=None)

    def ids(**params: Any) -> list[str]:
        body = crm.get("dealGroups", **params)
        found = [one["id"] for one in body["dealGroups"]]
        assert {one["group"] for one in body["dealStages"]} <= set(found)
        return found

    assert ids() == ["1", sales, empty]
    assert ids(limit=1, offset=1) == [sales]
    assert ids(filters__title="SALES") == [sales, empty]
    assert ids(filters__have_stages="0") == [empty]
    assert ids(filters__have_stages="1") == ["1", sales]
    assert ids(orders__title="ASC") == [empty, "1", sales]
    assert ids(orders__popular="DESC")[0] == sales
    assert ids(orders__nonsense="DESC") == ["1", sales, empty]


def test_a_pipeline_can_be_changed_by_its_wrapper_only() -> None:
    """PUT; live 404s name the class."""
    crm = Rehearsal()
    crm.seconds = 60
    crm.call("PUT", "dealGroups/1", {"dealGroups": {"title": "x"}})
    assert crm.get("dealGroups/1")["dealGroup"]["title"] == "Pipeline"
    body = crm.call("PUT", "dealGroups/1", {"dealGroup": {"title": "New", "autoassign": 0}})
    assert body["dealGroup"]["autoassign"] == 0
    read = crm.get("dealGroups/1")["dealGroup"]
    assert (read["title"], read["autoassign"]) == ("New", "0")
    assert read["udate"] == "2026-06-01T07:01:00-05:00"
    for method in ("GET", "PUT", "DELETE"):
        assert crm.call(method, "dealGroups/9", {}, 404) == no_result("DealGroup", "9")


# --- stages


def test_a_new_stage_comes_last_and_titles_repeat() -> None:
    """201; order is the highest plus one; width 360 was sent and 280 answered (documented)."""
    crm = Rehearsal()
    made = stage(crm, "To Contact", "1", color="32B0FC", width=360)
    assert (made["order"], made["width"], made["color"]) == (4, 280, "32B0FC")
    read = crm.get(f"dealStages/{made['id']}")["dealStage"]
    assert (read["order"], read["width"], read["group"]) == ("4", "280", "1")
    assert stage(crm, "x", "1", color="red")["color"] == "3f3f3f"
    titles = [one["title"] for one in crm.get("dealStages", filters__d_groupid="1")["dealStages"]]
    assert titles.count("To Contact") == 2


def test_the_first_stage_is_the_one_of_the_lowest_order() -> None:
    """Not the oldest; with ``reorder=1`` the others make room."""
    crm = Rehearsal()
    first = stage(crm, "New", "1", order=0)["id"]
    assert crm.stored(crm.deal(stage=None))["stage"] == first
    body = {"dealStage": {"title": "Second", "group": "1", "order": 2}}
    crm.call("POST", "dealStages", body, 201, reorder="1")
    rows = crm.get("dealGroups/1")["dealStages"]
    assert [one["title"] for one in rows] == ["New", "Second", *AUTOMATIC]
    assert [one["order"] for one in rows] == ["1", "2", "3", "4", "5"]
    crm.call("PUT", f"dealStages/{first}", {"dealStage": {"order": 9}}, reorder="1")
    assert crm.get("dealGroups/1")["dealGroup"]["stages"][-1] == first


def test_a_stage_needs_a_title_and_a_pipeline() -> None:
    """400 ``{}``, and 404 for a pipeline that is not there."""
    crm = Rehearsal()
    for given in ({"title": "x"}, {"group": "1"}, {"title": "x", "group": ""}):
        assert crm.call("POST", "dealStages", {"dealStage": given}, 400) == {}
    given = {"title": "x", "group": "9"}
    body = crm.call("POST", "dealStages", {"dealStage": given}, 404)
    assert body == no_result("DealGroup", "9")


def test_stages_are_found_by_a_part_of_the_title() -> None:
    """``filters``; a plain ``search=`` is ignored (recorded)."""
    crm = Rehearsal(pipelines={"Sales": ["Won"]})

    def titles(**params: Any) -> list[str]:
        return [one["title"] for one in crm.get("dealStages", **params)["dealStages"]]

    assert titles(filters__title="contact") == ["To Contact", "In Contact"]
    assert titles(filters__d_groupid="2") == ["Won"]
    assert titles(search="Won") == [*AUTOMATIC, "Won"]
    assert titles(orders__title="DESC", orders__x="ASC")[0] == "Won"
    assert crm.get("dealStages")["meta"] == {"total": "4"}


def test_a_stage_can_be_changed_and_moved() -> None:
    """PUT; its deals go with it into another pipeline; another wrapper changes nothing."""
    crm = Rehearsal(pipelines={"Sales": ["Open"]})
    id = crm.deal()
    crm.call("PUT", "dealStages/1", {"dealStages": {"title": "x"}})
    assert crm.get("dealStages/1")["dealStage"]["title"] == "To Contact"
    change = {"title": "New", "width": 270, "order": 7, "group": "2", "cardRegion3": "hide-avatar"}
    body = crm.call("PUT", "dealStages/1", {"dealStage": change})["dealStage"]
    assert (body["width"], body["order"], body["cardRegion3"]) == (270, 7, "hide-avatar")
    read = crm.get("dealStages/1")["dealStage"]
    assert (read["width"], read["order"], read["group"]) == ("270", "7", "2")
    assert crm.stored(id)["group"] == "2"
    for method in ("GET", "PUT", "DELETE"):
        assert crm.call(method, "dealStages/9", {}, 404) == no_result("DealStage", "9")


def test_a_deleted_stage_takes_its_deals_along() -> None:
    """``{}``, as a copy of the documentation says."""
    crm = Rehearsal()
    crm.deal(stage="1")
    kept = crm.deal(stage="2")
    assert crm.call("DELETE", "dealStages/1") == {}
    assert crm.ids() == [kept]


def test_moving_moves_all_deals_of_a_stage() -> None:
    """Within one pipeline only; all moved deals come back, whatever their number."""
    crm = Rehearsal(pipelines={"Sales": ["Open"]})
    moved = crm.deals(30, stage="1")
    other = crm.deal(stage="3")
    body = crm.call("PUT", "dealStages/1/deals", {"deal": {"stage": "2"}})
    assert [one["id"] for one in body["deals"]] == moved
    assert {crm.stored(id)["stage"] for id in moved} == {"2"}
    assert crm.stored(other)["stage"] == "3"
    for wrong in ("4", "99", None):
        answer = crm.call("PUT", "dealStages/2/deals", {"deal": {"stage": wrong}}, 422)
        assert answer == {
            "errors": [
                {
                    "status": 422,
                    "title": "Invalid attribute",
                    "detail": "Target stage does not belong to same pipeline",
                    "source": {"pointer": "/data/attributes/stage"},
                }
            ]
        }
    assert {crm.stored(id)["stage"] for id in moved} == {"2"}
    assert crm.call("PUT", "dealStages/9/deals", {}, 404) == no_result("DealStage", "9")


# --- users


def test_users_are_read_by_id_address_and_name() -> None:
    """The token belongs to the first one; ids are text."""
    crm = Rehearsal(users=("kim.berg@x.example", "lo@x.example"))
    users = crm.get("users")
    assert [one["email"] for one in users["users"]] == ["kim.berg@x.example", "lo@x.example"]
    assert users["meta"] == {"total": "2"}
    kim = users["users"][0]
    assert (kim["id"], kim["firstName"], kim["lastName"]) == ("1", "Kim", "Berg")
    for path in ("me", "1", "email/KIM.BERG@x.example", "username/kim.berg"):
        assert crm.get(f"users/{path}")["user"] == kim
    for path in ("9", "email/nobody@x.example", "username/nobody"):
        assert "No Result found for User" in crm.get(f"users/{path}", 404)["message"]
    assert crm.get("groups")["groups"][0]["title"] == "Admin"


def test_there_is_always_somebody_who_the_token_belongs_to() -> None:
    """Even where no users are asked for."""
    assert Rehearsal(users=()).get("users/me")["user"]["id"] == "1"
