"""Deals that people had in the account before: found by a rule, and dealt with as it says."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.errors import InputError, TemplateError
from migrator.model import DealStatus
from migrator.plan.likeness import Look, folded_name, rough_name
from migrator.runs.execution import execute
from migrator.runs.inputs import Request
from migrator.runs.nightly import Nightly
from migrator.runs.planning import plan_run
from migrator.runs.target import connected
from migrator.runs.undo import undoing
from migrator.template import parse_existing, parse_template
from tests.nights import Nights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migrator.model import ObjectType


VENDORS = ("hubspot", "brevo", "activecampaign")
SETTINGS = {"activecampaign": {"default_contact": "a@b.example"}, "hubspot": {}, "brevo": {}}
TEMPLATE = """
name: NAME
key: {from: id}
fields:
  name: {from: title, rules: [required]}
  pipeline: {default: "PIPELINE"}
  stage: {default: "STAGE"}
  amount: {from: amount}
  close_date: {from: closed, date_formats: ["%Y-%m-%d"]}
  companies: {from: company, on_missing: create}
"""


class Room(Nights):
    """An account in which people and other tools have made deals, and a file of deals."""

    def template_of(self, name: str = "test") -> str:
        """A template for the account's first stage."""
        pipeline = self.account().pipelines[0]
        text = TEMPLATE.replace("NAME", name).replace("PIPELINE", pipeline.label)
        path = self.folder / f"{name}.yaml"
        path.write_text(text.replace("STAGE", pipeline.stages[0].label), encoding="utf-8")
        return str(path)

    def by_people(self, *rows: Mapping[str, str]) -> None:
        """Make deals that have no key, as if somebody had typed them in."""
        self.night(self.template_of("people"), self.file("people.csv", *rows), keyless=True)

    def file(self, name: str, *rows: Mapping[str, str]) -> str:
        """A file of these deals."""
        columns = ("id", "title", "amount", "closed", "company")
        lines = [",".join(columns)]
        for number, row in enumerate(rows, 1):
            cells = {"id": f"k{number}", **row}
            lines.append(",".join(cells.get(column, "") for column in columns))
        return self.source("\n".join(lines) + "\n", name)

    def load_with(self, rule: str | None, source: str, **asked: Any) -> Any:
        """Plan and write; the run's report and its settings."""
        space = self.workspace()

        async def load() -> Any:
            async with connected(self.target, space) as session:
                request = Request(self.path, (source,), existing=rule)
                planned = await plan_run(
                    space, request, session, lock=True, nightly=Nightly(**asked)
                )
                report = await execute(space, planned.run, session, inputs=planned.inputs)
                return report, space.journal.run(planned.run.id).settings

        self.path = self.template_of()
        try:
            return self.clock.run(load())
        finally:
            space.close()
            self.clock.seconds += 24 * 3600

    def undo(self, run: str) -> Any:
        """Take a run back."""
        space = self.workspace()

        async def back() -> Any:
            async with connected(self.target, space) as session:
                return await undoing.undo(space, space.journal.run(run), session)

        try:
            return self.clock.run(back())
        finally:
            space.close()

    def contents(self) -> dict[str, tuple[Mapping[str, str], Mapping[ObjectType, set[str]]]]:
        """What each deal says and is linked to, by id; when it was changed is no part of it."""
        changed = re.compile(r"mdate|.*(modified|updated).*", re.IGNORECASE)
        return {
            held.id: (
                {n: v for n, v in held.properties.items() if v and not changed.fullmatch(n)},
                {type: set(ids) for type, ids in held.links.items() if ids},
            )
            for held in self.held()
        }


@pytest.fixture(params=VENDORS)
def room(request: pytest.FixtureRequest, tmp_path: Path) -> Room:
    """The same story in each CRM."""
    vendor = request.param
    return Room(tmp_path, vendor=vendor, settings=SETTINGS[vendor])


ACME = {"title": "Acme renewal", "amount": "100", "closed": "2026-03-31", "company": "Acme"}
BETA = {"title": "Beta", "amount": "200", "closed": "2026-04-30", "company": "Beta Ltd"}
NEW = {"title": "Gamma", "amount": "300", "company": "Gamma"}


def test_an_adopted_deal_gets_the_key_and_the_values_and_undo_gives_it_back(room: Room) -> None:
    """No second deal; a plan after it knows the key; undo leaves the deal as people had it."""
    room.by_people(ACME, BETA)
    before = room.contents()
    rows = [ACME | {"title": "ACME  RENEWAL", "amount": "100.00", "closed": "2026-05-05"}, NEW]
    source = room.file("deals.csv", *rows)
    report, settings = room.load_with("name,amount=update", source)
    assert (report.rows["updated"], report.rows["created"]) == (1, 1)
    assert report.adds_up
    assert any("made one" in text for text in settings["remarks"])
    held = {one.id: one for one in room.held()}
    assert len(held) == 3
    (adopted,) = [one for one in held.values() if one.key == "k1"]
    assert adopted.id in before
    assert room.verify().agrees
    again, _ = room.load_with(None, source)
    assert again.rows["unchanged"] == 2
    undone = room.undo(report.run)
    assert undone.complete
    assert room.verify().agrees  # the newest run is the undo
    assert all(not one.key for one in room.held())
    assert room.contents() == before


def test_a_skipped_row_names_the_deal_that_stays(room: Room) -> None:
    """The account's deal is not touched, the row is turned down with its id, the rest is loaded."""
    room.by_people(ACME, BETA)
    before = room.contents()
    rows = [ACME | {"closed": "2026-05-05"}, BETA | {"amount": "201"}, NEW]
    report, settings = room.load_with("name,amount=skip", room.file("deals.csv", *rows))
    assert (report.rows["rejected"], report.rows["created"]) == (1, 2)
    assert report.adds_up
    assert settings["rejected_codes"] == {"already_there": 1}
    assert any(id_ in settings["examples"]["already_there"] for id_ in before)
    after = room.contents()
    assert {id_: after[id_] for id_ in before} == before


def test_a_rule_may_stop_or_create(room: Room) -> None:
    """Stop writes nothing and names the rows; create makes another deal and says how many."""
    room.by_people(ACME)
    source = room.file("deals.csv", ACME, NEW)
    with pytest.raises(InputError, match=r'k1 "Acme renewal" .* record '):
        room.load_with("name,amount=stop", source)
    assert len(room.held()) == 1
    report, settings = room.load_with("name,amount=create", source)
    assert report.rows["created"] == 2
    assert any("created besides" in text for text in settings["remarks"])


def test_companies_and_days_tell_deals_apart(room: Room) -> None:
    """The same name alone is nothing: the company, or the close date, has to be the same too."""
    room.by_people(ACME, ACME | {"company": "Other", "closed": "2026-07-01"})
    rows = [ACME | {"amount": "7"}]
    report, settings = room.load_with("name,company=skip", room.file("deals.csv", *rows))
    assert report.rows["rejected"] == 1
    rows = [ACME | {"closed": "2026-07-01", "company": "X"}, ACME | {"closed": "2026-07-02"}]
    rows = [row | {"id": f"d{n}"} for n, row in enumerate(rows)]
    report, settings = room.load_with("name,close_date=skip", room.file("days.csv", *rows))
    assert (report.rows["rejected"], report.rows["created"]) == (1, 1)
    assert settings["rejected_codes"] == {"already_there": 1}


def test_what_is_not_clear_is_turned_down(room: Room) -> None:
    """Several deals for one row, or several rows for one deal: nobody guesses."""
    room.by_people(ACME, ACME, BETA)
    rows = [ACME, BETA, BETA | {"id": "k9"}, NEW]
    report, settings = room.load_with("name,amount=update", room.file("deals.csv", *rows))
    assert settings["rejected_codes"] == {"several_alike": 2}
    assert (report.rows["updated"], report.rows["created"], report.rows["rejected"]) == (1, 1, 2)
    assert len(room.held()) == 4


def test_without_a_rule_nobody_looks_and_the_plan_says_so(room: Room) -> None:
    """The number of deals that are there is told before the first load, and never again."""
    room.by_people(ACME, BETA)
    (room.folder / ".migrator" / "journal.db").unlink()  # another folder, where nothing is known
    source = room.file("deals.csv", ACME)
    _, settings = room.load_with(None, source)
    assert any("2 deals already" in text for text in settings["remarks"])
    _, settings = room.load_with(None, room.file("more.csv", ACME, NEW))
    assert not any("already" in text for text in settings["remarks"])


def test_deals_with_a_key_of_ours_are_nobodys_twins(tmp_path: Path) -> None:
    """Two feeds that load deals of the same name and amount stay apart."""
    room = Room(tmp_path)
    room.load_with(None, room.file("deals.csv", ACME))
    other = room.file("other.csv", ACME | {"id": "other-1"})
    report, _ = room.load_with("name,amount=stop", other)
    assert report.rows["created"] == 1


def test_what_is_blank_in_both_is_the_same(room: Room) -> None:
    """Deals that say nothing of what they are to be alike in are one, not another one beside it."""
    room.by_people({"title": "Bare"}, ACME | {"closed": ""})
    before = room.contents()
    rows = [{"title": "bare", "id": "a"}, ACME | {"closed": "", "id": "b"}]
    for rule in ("name,amount,company", "name,close_date", "name,company"):
        report, settings = room.load_with(f"{rule}=skip", room.file("some.csv", *rows))
        assert settings["rejected_codes"] == {"already_there": 2}
        assert report.rows["created"] == 0
    report, _ = room.load_with("name,amount=update", room.file("some.csv", *rows))
    assert (report.rows["created"], report.rows["updated"]) == (0, 2)
    assert room.contents().keys() == before.keys()


def test_another_companys_deal_is_another_one(room: Room) -> None:
    """Companies, amounts and days that contradict each other make two deals."""
    room.by_people(ACME)
    rows = [ACME | {"company": "Other"}, ACME | {"amount": "101"}, ACME | {"closed": "2026-03-30"}]
    for number, (rule, row) in enumerate(
        zip(("name,company", "name,amount", "name,close_date"), rows, strict=True)
    ):
        source = room.file(f"{number}.csv", row | {"id": f"n{number}"})
        report, _ = room.load_with(f"{rule}=stop", source)
        assert report.rows["created"] == 1


ONE_SIDED: Sequence[tuple[dict[str, str], dict[str, str], str]] = (
    ({"amount": ""}, {}, "the account has the amount and the file has none"),
    ({}, {"amount": ""}, "the file has the amount and the account has none"),
    ({"closed": ""}, {}, "the account has the close date"),
    ({}, {"company": ""}, "the file has the company"),
    ({"company": ""}, {}, "the account has the company"),
    ({"title": "Six: Renewal"}, {"title": "six - renewal"}, "punctuation"),
)
"""What a file and an account say of deals called alike, and why they may be others."""


def test_what_only_one_of_them_says_is_told_and_not_doubled(room: Room) -> None:
    """A deal that may be there is turned down with the reason; to create it, one has to say so."""
    named = [ACME | {"title": f"Deal {n}", "id": f"n{n}"} for n in range(len(ONE_SIDED))]
    room.by_people(
        *(row | theirs for row, (_, theirs, _) in zip(named, ONE_SIDED, strict=True)), BETA
    )
    before = room.contents()
    rows = [row | ours for row, (ours, _, _) in zip(named, ONE_SIDED, strict=True)]
    source = room.file("deals.csv", *rows, NEW)
    rule = "name,amount,company,close_date"
    with pytest.raises(InputError, match=f"6 rows of .*not sure: {ONE_SIDED[0][2]}"):
        room.load_with(f"{rule}=stop", source)
    for then in ("skip", "update"):
        report, settings = room.load_with(f"{rule}={then}", source)
        assert settings["rejected_codes"] == {"perhaps_there": 6}
        rejects = Path(settings["files"]["rejects"]).read_text(encoding="utf-8")
        assert all(why in rejects for _, _, why in ONE_SIDED)
    after = room.contents()
    assert {id_: after[id_] for id_ in before} == before
    report, settings = room.load_with(f"{rule}=create", source)
    assert report.rows["created"] == 6
    assert any("not sure" in text and ONE_SIDED[0][2] in text for text in settings["remarks"])


def test_signs_tell_names_apart(room: Room) -> None:
    """C++ is no C#, and an A is no A+; quotation marks, dashes and spaces are what they look like.

    What is typed by hand on one side and exported by a machine on the other differs in these.
    """
    room.by_people(
        *({"title": one, "amount": "5"} for one in ("C++", "A+", "R&D", "Smith's - one"))
    )
    rows = [{"title": one, "amount": "5"} for one in ("C#", "A", "R#D")]
    rows.append({"title": "Smith\u2019s \u2013  ONE", "amount": "5.00"})
    report, _ = room.load_with("name,amount=update", room.file("deals.csv", *rows))
    assert (report.rows["created"], report.rows["updated"]) == (3, 1)


def test_a_deal_that_is_surely_the_same_goes_before_one_that_may_be(tmp_path: Path) -> None:
    """Doubts about another deal do not keep a row from the one that is its own."""
    room = Room(tmp_path)
    room.by_people(
        ACME, ACME | {"amount": ""}, *({"title": "Bare", "amount": str(n)} for n in "12")
    )
    rows = [ACME, {"title": "Bare", "id": "b"}]
    report, settings = room.load_with("name,amount=update", room.file("deals.csv", *rows))
    assert report.rows["updated"] == 1
    assert settings["rejected_codes"] == {"perhaps_there": 1}
    example = settings["examples"]["perhaps_there"]
    assert '"Bare" (1 ' in example
    assert '"Bare" (2 ' in example


def test_no_more_deals_are_named_than_anybody_reads(tmp_path: Path) -> None:
    """A handful of examples, and how many more there are."""
    room = Room(tmp_path)
    room.by_people(*(ACME for _ in range(8)))
    rows = [{"title": "Acme renewal", "id": f"r{n}"} for n in range(7)]
    report, settings = room.load_with("name,amount=skip", room.file("deals.csv", ACME, *rows))
    assert settings["rejected_codes"] == {"already_there": 1, "perhaps_there": 7}
    assert "and 3 more" in settings["examples"]["already_there"]
    (told,) = (text for text in settings["remarks"] if text.startswith("Such rows"))
    assert told.endswith("; and 3 more")
    assert report.adds_up


def test_both_names_and_amounts_are_listed(room: Room) -> None:
    """Whoever reads the plan can tell whether the two are one, without opening the CRM."""
    room.by_people(ACME | {"title": "ACME Renewal"})
    _, settings = room.load_with("name,amount=update", room.file("deals.csv", ACME))
    (told,) = (text for text in settings["remarks"] if text.startswith("Such rows"))
    assert re.search(r'k1 "Acme renewal" \(100\): record \w+ "ACME Renewal" \(100( \w+)?\)$', told)


UPDATING = "existing: {match: [name, amount], then: update}\n"


def staged(room: Room, name: str, stage: int, more: str = "") -> str:
    """A template whose deals go to another stage of the account's first pipeline."""
    path = Path(room.template_of(name))
    stages = room.account().pipelines[0].stages
    old, new = (f'stage: {{default: "{stages[n].label}"}}' for n in (0, stage))
    text = path.read_text(encoding="utf-8").replace(old, new)
    path.write_text(text + more, encoding="utf-8")
    return str(path)


def moves(room: Room, template: str, *rows: Mapping[str, str]) -> list[str]:
    """What a plan says about deals that change their place."""
    planned = room.plan(template, room.file("deals.csv", *rows))
    remarks: list[str] = planned.run.settings["remarks"]
    return [text for text in remarks if re.match("(Closed d|Open d|D)eals of the account", text)]


def test_closed_deals_that_are_opened_again_are_told_before(room: Room) -> None:
    """How many deals change their place by being taken over, with examples, before and after."""
    stages = room.account().pipelines[0].stages
    closed = [n for n, one in enumerate(stages) if one.status is not DealStatus.OPEN]
    won = staged(room, "people", closed[0] if closed else 1, "  status: {default: won}\n")
    room.night(won, room.file("people.csv", ACME, BETA), keyless=True)
    room.by_people(NEW | {"id": "k9"})
    path = staged(room, "deals", 0, "  status: {default: open}\n" + UPDATING)
    (told,) = moves(room, path, ACME, BETA, NEW)
    assert told.startswith("Closed deals of the account that become open again: 2 (record ")
    assert told.count(f": won, {stages[closed[0] if closed else 1].label} of ") == 2
    assert told.count(f" -> open, {stages[0].label} of ") == 2


@pytest.mark.parametrize(
    ("becomes", "told"),
    [(5, "Open deals of the account that become closed: 1"), (1, "another stage: 1"), (0, "")],
)
def test_every_move_is_told(tmp_path: Path, becomes: int, told: str) -> None:
    """A deal that is closed by a file, or only goes on, is told as such; one that stays is not."""
    room = Room(tmp_path)
    room.by_people(ACME)
    stage = room.account().pipelines[0].stages[becomes]
    found = moves(room, staged(room, "other", becomes, UPDATING), ACME | {"closed": "2026-04-01"})
    assert len(found) == (1 if told else 0)
    assert all(told in text for text in found)
    assert all(f"-> {stage.status.value}, {stage.label}" in text for text in found)


def test_closed_deals_that_change_otherwise_are_told(tmp_path: Path) -> None:
    """Somebody may have reported on what was won: another close date is no trifle."""
    room = Room(tmp_path)
    won = next(
        n
        for n, one in enumerate(room.account().pipelines[0].stages)
        if one.status is DealStatus.WON
    )
    room.night(staged(room, "people", won), room.file("people.csv", ACME, BETA), keyless=True)
    path = staged(room, "won", won, UPDATING)
    (told,) = moves(room, path, ACME | {"closed": "2026-04-01"}, BETA)
    assert told.startswith("Closed deals of the account that stay closed and change in other")
    assert re.search(r'fields: 1 \(record \d+ "Acme renewal" \(100( USD)?\)\)$', told)


def test_what_the_crm_does_not_keep_tells_nothing_apart(tmp_path: Path) -> None:
    """To match by a field that no deal of the account can have would find nothing for ever."""
    room = Room(tmp_path, vendor="activecampaign", settings=SETTINGS["activecampaign"])
    with room.stranger() as person:
        found = person.get("/api/3/dealCustomFieldMeta").json()["dealCustomFieldMeta"]
        for one in found:
            person.delete(f"/api/3/dealCustomFieldMeta/{one['id']}")
    with pytest.raises(InputError, match=r"cannot be matched by close_date here: .* Match by"):
        room.load_with("name,close_date=skip", room.file("deals.csv", ACME))


def test_amounts_in_other_currencies_are_not_the_same(tmp_path: Path) -> None:
    """A hundred dollars are no hundred euros; a deal that names no currency has the account's."""
    room = Room(tmp_path)
    with room.stranger() as person:
        for name, code in (("Acme renewal", "EUR"), ("Beta", "USD"), ("Gamma", "")):
            properties = {"dealname": name, "dealstage": "closedwon", "amount": "100"}
            properties |= {"deal_currency_code": code} if code else {}
            person.post("/crm/v3/objects/deals", json={"properties": properties}).raise_for_status()
    rows = [{"title": name, "amount": "100"} for name in ("Acme renewal", "Beta", "Gamma")]
    report, settings = room.load_with("name,amount=skip", room.file("deals.csv", *rows))
    assert (report.rows["created"], settings["rejected_codes"]) == (1, {"already_there": 2})


def test_what_is_told_stays_told_when_a_run_plans_again(tmp_path: Path) -> None:
    """A pipeline is made first, and the plan made anew with its ids: the remark is still there."""
    room = Room(tmp_path)
    room.by_people(ACME)
    (room.folder / ".migrator" / "journal.db").unlink()
    text = TEMPLATE.replace("NAME", "new").replace("PIPELINE", "Own").replace("STAGE", "First")
    text += "create: {pipelines: [{label: Own, stages: [{label: First}]}]}\n"
    planned = room.plan(room.template(text), room.file("deals.csv", NEW))
    room.execute(planned.run)
    remarks = room.journal(lambda journal: journal.run(planned.run.id)).settings["remarks"]
    assert any("1 deal already" in text for text in remarks)


def test_a_template_may_have_the_rule(tmp_path: Path) -> None:
    """The option goes before the template's own word."""
    room = Room(tmp_path)
    room.by_people(ACME)
    path = room.template_of()
    rule = "existing: {match: [name, amount], then: skip}\n"
    with open(path, "a", encoding="utf-8") as stream:  # noqa: PTH123 - to append
        stream.write(rule)
    planned = room.plan(path, room.file("deals.csv", ACME))
    assert planned.run.settings["rejected_codes"] == {"already_there": 1}


@pytest.mark.parametrize(
    "rule",
    ["name=skip", "amount,company=skip", "name,amount", "name,amount=burn", "name,colour=skip", ""],
)
def test_a_rule_that_is_none_is_refused(rule: str) -> None:
    """Name and one thing more, and what becomes of them; the sentence shows how."""
    with pytest.raises(InputError, match="name,amount=skip"):
        parse_existing(rule)


def test_a_rule_needs_the_fields_that_it_matches_by(tmp_path: Path) -> None:
    """In a template and in an option; and deals are all that is looked for."""
    base = "name: t\nkey: {from: id}\nfields: {name: {from: n}, amount: {from: a}}\n"
    with pytest.raises(TemplateError, match="companies"):
        parse_template(base + "existing: {match: [name, company], then: skip}\n")
    with pytest.raises(TemplateError, match="match name and one"):
        parse_template(base + "existing: {match: [amount], then: skip}\n")
    notes = "name: t\nobject: notes\nkey: {from: id}\nfields: {body: {from: b}, deals: {from: d}}\n"
    with pytest.raises(TemplateError, match="only deals"):
        parse_template(notes + "existing: {match: [name, amount], then: skip}\n")
    room = Room(tmp_path)
    path = room.template(base)
    source = room.source("id,n,a\n1,A,2\n")
    room.path = path
    space = room.workspace()

    async def plan() -> None:
        async with connected(room.target, space) as session:
            request = Request(path, (source,), existing="name,company=skip")
            await plan_run(space, request, session)

    with pytest.raises(InputError, match="companies"):
        room.clock.run(plan())
    space.close()


@given(st.text(max_size=20))
def test_names_are_the_same_in_any_spelling(name: str) -> None:
    """Letter case, outer and double spaces tell no names apart; punctuation does so for sure."""
    folded = folded_name(name)
    assert folded_name(f"  {name}\t ") == folded
    assert folded_name(folded) == folded
    assert rough_name(rough_name(folded)) == rough_name(folded)
    if folded:
        assert folded_name(f"{name}+") != folded


NAMES = st.sampled_from(["a", "a b", "a-b", "a+", "b"])
LOOKS = st.builds(
    lambda name, amount, currency, day: Look(
        name, rough_name(name), amount, currency, day, not (amount and day)
    ),
    NAMES,
    st.sampled_from(["", "1", "2"]),
    st.sampled_from(["EUR", "USD"]),
    st.sampled_from(["", "2026-01-01", "2026-01-02"]),
)


@given(LOOKS, LOOKS)
def test_whatever_may_be_one_is_found(ours: Look, theirs: Look) -> None:
    """No deal that may be a row's stands at a place where nobody looks; doubts are mutual."""
    doubts = ours.doubts(theirs)
    back = theirs.doubts(ours)
    assert (doubts is None) == (back is None)
    if doubts is not None:
        assert len(doubts) == len(back or ())
        assert theirs.place in ours.places() or (
            ours.blank and theirs.place.startswith(ours.beginning)
        )
    if doubts == ():
        assert theirs.place in ours.places()
    assert ours.doubts(ours) == ()


@pytest.mark.parametrize("then", ["update", "skip", "create"])
def test_each_row_has_exactly_one_outcome(tmp_path: Path, then: str) -> None:
    """Whatever is alike: the books add up, and rows and deals come out even."""
    room = Room(tmp_path)
    people = [{"title": f"D{n % 3}", "amount": str(n % 4), "company": ""} for n in range(8)]
    room.by_people(*people)
    rows = [{"title": f"d{n % 5}", "amount": str(Decimal(n % 4)), "company": ""} for n in range(25)]
    report, settings = room.load_with(f"name,amount={then}", room.file("deals.csv", *rows))
    assert report.adds_up
    assert sum(report.rows.values()) == 25
    assert report.rows["rejected"] == sum(settings["rejected_codes"].values())
    assert len(room.held()) == 8 + report.rows["created"]
    keys: Sequence[str] = [str(held.key) for held in room.held() if held.key]
    assert len(keys) == len(set(keys)) == report.rows["created"] + report.rows["updated"]
