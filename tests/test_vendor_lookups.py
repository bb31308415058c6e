"""What names in a file mean in an account: the rules that all vendors share."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import migrator.vendors
from migrator.errors import did_you_mean
from migrator.model import (
    DealStatus,
    FieldInfo,
    ObjectType,
    Owner,
    Pipeline,
    Place,
    Record,
    Stage,
)
from migrator.vendors.shared import names, values
from migrator.vendors.shared.choices import Choices, Style
from migrator.vendors.shared.draft import Draft
from migrator.vendors.shared.owners import Owners
from migrator.vendors.shared.places import Stages, place_with_status, put_place
from migrator.vendors.shared.problems import BadValue, Terms

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

DEALS = ObjectType.DEALS
OPEN, WON, LOST = DealStatus.OPEN, DealStatus.WON, DealStatus.LOST
TERMS = Terms("Acme CRM", "column")
LABELS = st.text(min_size=1, max_size=6).filter(lambda text: bool(text.strip()))


def code_of(look_up: Callable[[], object]) -> str:
    """The code of the problem that looking up has."""
    with pytest.raises(BadValue) as caught:
        look_up()
    assert str(caught.value).endswith((".", "?"))
    return caught.value.code


def modules() -> list[ModuleType]:
    """Every module of the vendors that has examples."""
    found = pkgutil.walk_packages(migrator.vendors.__path__, "migrator.vendors.")
    loaded = [importlib.import_module(info.name) for info in found]
    return [module for module in loaded if doctest.DocTestFinder(exclude_empty=True).find(module)]


def test_examples_in_docstrings() -> None:
    """The examples in the vendors' modules are true."""
    results = [doctest.testmod(module) for module in modules()]
    assert sum(result.failed for result in results) == 0
    assert sum(result.attempted for result in results) > 10


# -- pipelines and stages --------------------------------------------------------------------------

SALES = Pipeline(
    "p1",
    "Sales",
    (Stage("s1", "New"), Stage("s2", "Won", WON), Stage("s3", "Lost", LOST), Stage("s4", "9")),
)
RENEWALS = Pipeline(
    "p2",
    "Renewals",
    (Stage("9", "Due"), Stage("11", "Twice"), Stage("12", "twice"), Stage("13", "Won", WON)),
)
TWINS = (
    Pipeline("p3", "Twin", (Stage("21", "Both"),)),
    Pipeline("p4", "twin", (Stage("22", "Both"),)),
)
STAGES = Stages((SALES, RENEWALS, *TWINS))


@pytest.mark.parametrize(
    ("name", "pipeline", "id"),
    [
        (" NEW ", None, "s1"),
        ("new", SALES, "s1"),
        ("s1", None, "s1"),
        ("Won (sales)", None, "s2"),
        ("Won (Renewals)", RENEWALS, "13"),
        ("9", None, "s4"),  # a label comes before an id, wherever it is
        ("9", RENEWALS, "9"),
        ("12", None, "12"),
    ],
)
def test_stages_by_name(name: str, pipeline: Pipeline | None, id: str) -> None:
    """By label, by id, and with the pipeline in brackets."""
    place = STAGES.stage(name, pipeline)
    assert place.stage.id == id
    assert place.stage in place.pipeline.stages
    assert STAGES.of_stage(id) == place.pipeline


@pytest.mark.parametrize(
    ("name", "pipeline", "code", "hint"),
    [
        ("Neu", SALES, "unknown_stage", 'Did you mean "New"?'),
        ("Due", SALES, "unknown_stage", 'The pipeline "Sales" has no stage "Due"'),
        ("Due (Renewals)", SALES, "unknown_stage", "no stage"),
        ("", None, "unknown_stage", "The account"),
        ("Won", None, "missing_pipeline", '"Sales", "Renewals"'),
        ("Twice", RENEWALS, "ambiguous_stage", "11, 12"),
        ("Both", None, "ambiguous_stage", "21, 22"),  # to name the pipeline would not help
    ],
)
def test_stages_that_are_not_one(
    name: str, pipeline: Pipeline | None, code: str, hint: str
) -> None:
    """None is unknown, several are ambiguous; the way out is said."""
    with pytest.raises(BadValue) as caught:
        STAGES.stage(name, pipeline)
    assert caught.value.code == code
    assert hint in str(caught.value)


def test_pipelines_by_name() -> None:
    """By label or id; two of one label are told apart by id only."""
    assert STAGES.pipeline("RENEWALS ").id == "p2"
    assert STAGES.pipeline("P4").id == "p4"
    assert code_of(lambda: STAGES.pipeline("twin")) == "ambiguous_pipeline"
    assert code_of(lambda: STAGES.pipeline("Sails")) == "unknown_pipeline"
    assert code_of(lambda: STAGES.pipeline("")) == "unknown_pipeline"
    assert STAGES.of_stage("nobody's") is None


@given(st.lists(st.tuples(LABELS, st.lists(LABELS, max_size=4)), max_size=4))
def test_a_name_never_means_another_stage(named: list[tuple[str, list[str]]]) -> None:
    """Whatever is found is called so, and is the only one that is."""
    pipelines = [
        Pipeline(f"id{i}", label, tuple(Stage(f"id{i}-{j}", s) for j, s in enumerate(stages)))
        for i, (label, stages) in enumerate(named)
    ]
    known = Stages(pipelines)
    for pipeline in pipelines:
        counts = Counter(names.folded(stage.label) for stage in pipeline.stages)
        for stage in pipeline.stages:
            look_up = partial(known.stage, stage.label, pipeline)
            if counts[names.folded(stage.label)] == 1:
                assert look_up().stage == stage
            else:
                assert code_of(look_up) == "ambiguous_stage"


def placed(**given: str) -> tuple[tuple[str, str] | None, list[tuple[str, str]]]:
    """Ids of pipeline and stage of a deal, and field and code of its problems."""
    draft = Draft(Record(DEALS, "k", given, {}, Place("f", 1, 2)), TERMS)
    place = place_with_status(draft, STAGES, "A stage is wanted.")
    if place is not None:
        put_place(draft, place, "in", "at")
        assert set(draft.origin.values()) <= given.keys()
    found = draft.done()
    ids = (found.properties["in"], found.properties["at"]) if place else None
    return ids, [(problem.field, problem.code) for problem in found.problems]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"stage": "New"}, ("p1", "s1")),
        ({"pipeline": "Sales", "status": "lost"}, ("p1", "s3")),
        ({"pipeline": "Sales", "stage": "New", "status": "WON "}, ("p1", "s2")),
        ({"pipeline": "Sales", "stage": "Won", "status": "won"}, ("p1", "s2")),
    ],
)
def test_places(given: dict[str, str], expected: tuple[str, str]) -> None:
    """Pipeline, stage and status name one place together."""
    assert placed(**given) == (expected, [])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, [("stage", "missing_stage")]),
        ({"status": "open"}, [("stage", "missing_stage")]),
        ({"status": "won"}, [("pipeline", "missing_pipeline")]),
        ({"stage": "Won"}, [("pipeline", "missing_pipeline")]),
        ({"pipeline": "X", "stage": "Y"}, [("pipeline", "unknown_pipeline")]),
        ({"status": "perhaps"}, [("status", "unknown_status")]),
        (
            {"status": "perhaps", "pipeline": "Sales", "stage": "Y"},
            [("status", "unknown_status"), ("stage", "unknown_stage")],
        ),
        ({"pipeline": "Renewals", "status": "lost"}, [("status", "no_closed_stage")]),
        (
            {"pipeline": "Sales", "stage": "Won", "status": "lost"},
            [("stage", "status_stage_conflict")],
        ),
    ],
)
def test_places_that_are_none(given: dict[str, str], expected: list[tuple[str, str]]) -> None:
    """All that is wrong is told at once, each with the field at fault."""
    assert placed(**given) == (None, expected)


@pytest.mark.parametrize(("given", "only"), [({}, True), ({"pipeline": "Sales"}, False)])
def test_a_missing_stage_is_no_matter_to_a_deal_that_is_there(
    given: dict[str, str], only: bool
) -> None:
    """Unless the row moves it to another pipeline."""
    draft = Draft(Record(DEALS, "k", given, {}, Place("f", 1, 2)), TERMS)
    assert place_with_status(draft, STAGES, "A stage is wanted.") is None
    (problem,) = draft.done().problems
    assert (problem.message, problem.only_to_create) == ("A stage is wanted.", only)


# -- users -----------------------------------------------------------------------------------------

ANN = Owner("1", "ann@example.com", "Ann Lee")
BOBS = (Owner("2", "bob@example.com", "Bob Ray"), Owner("3", "bob2@example.com", "BOB RAY"))
GONE = Owner("4", "old@example.com", "Old Hand", active=False)
ANN_BEFORE = Owner("5", "Ann@example.com", "Ann Lee", active=False)


@pytest.mark.parametrize("owners", [(ANN, *BOBS, GONE, ANN_BEFORE), (ANN_BEFORE, GONE, *BOBS, ANN)])
def test_owners(owners: tuple[Owner, ...]) -> None:
    """By address or name; of an active and a former user of one name the active one is meant."""
    known = Owners(owners)
    assert known.id(" ANN@example.COM") == "1"
    assert known.id("ann lee") == "1"
    assert known.id("bob2@example.com") == "3"
    assert code_of(lambda: known.id("Bob Ray")) == "ambiguous_owner"
    assert code_of(lambda: known.id("Old hand")) == "inactive_owner"
    assert code_of(lambda: known.id("old@example.com")) == "inactive_owner"
    assert code_of(lambda: known.id("1")) == "unknown_owner"
    assert code_of(lambda: known.id("")) == "unknown_owner"
    with pytest.raises(BadValue, match=r'Did you mean "ann@example\.com"'):
        known.id("ann@exmaple.com")


def test_owners_that_are_known_by_address_only() -> None:
    """Where no names are shown, the message says what is wanted; ids are for who asks for them."""
    nameless = [replace(ANN, id="6a", name="")]
    known = Owners(nameless, ids=True)
    assert known.id("6A") == known.id("ann@example.com") == "6a"
    with pytest.raises(BadValue, match="e-mail address"):
        known.id("Ann Lee")
    assert code_of(lambda: Owners(nameless).id("6a")) == "unknown_owner"


# -- options ---------------------------------------------------------------------------------------

TIERS = FieldInfo("tier", "Tier", "choice", {"g": "Gold", "s": "Silver", "x": "Same", "y": "same "})
TAGS = replace(TIERS, name="tags", label="Tags", multiple=True)
ODD = FieldInfo("odd", "Odd", "choice", {"a": "A; B", "b": "B", "c": "C"}, multiple=True)


@pytest.mark.parametrize(
    ("info", "text", "value"),
    [
        (TIERS, "g", "g"),
        (TIERS, " G ", "g"),
        (TIERS, "silver", "s"),
        (TIERS, "x", "x"),
        (TAGS, ";silver; Gold;s;", "s;g"),
        (TAGS, "", ""),
        (ODD, "a; b", "a"),
        (ODD, "C;B", "c;b"),
    ],
)
def test_options(info: FieldInfo, text: str, value: str) -> None:
    """By value, by label; of several each once, in the order given."""
    assert Choices(info).value(text) == value


def test_options_that_are_not_one() -> None:
    """None is unknown, with the likeliest; a label of two is ambiguous."""
    assert code_of(lambda: Choices(TIERS).value("SAME")) == "ambiguous_option"
    assert code_of(lambda: Choices(TAGS).value("gold;SAME")) == "ambiguous_option"
    assert code_of(lambda: Choices(TIERS).value("")) == "unknown_option"
    with pytest.raises(BadValue, match='Did you mean "Gold"'):
        Choices(TIERS).value("Glod")


def test_synonyms_of_options() -> None:
    """A word stands for an option unless an option is called so."""
    style = Style(synonyms={"true": "yes", "yes": "no"})
    answer = FieldInfo("a", "A", "bool", {"Yes": "Yes", "No": "No"})
    assert Choices(answer, style).value("TRUE") == "Yes"
    assert Choices(answer, style).value("yes") == "Yes"
    assert code_of(lambda: Choices(TIERS, style).value("true")) == "unknown_option"


@given(st.dictionaries(LABELS, LABELS, min_size=1, max_size=6), LABELS)
def test_an_option_is_called_as_it_is_given(options: dict[str, str], text: str) -> None:
    """What is found has the name as its value or its label, and every value finds itself."""
    known = Choices(FieldInfo("f", "F", "choice", options))
    for value in options:
        if value == value.strip():
            assert known.value(value) == value
    try:
        found = known.value(text)
    except BadValue:
        return
    assert names.folded(text) in {names.folded(found), names.folded(options[found])}


# -- values ----------------------------------------------------------------------------------------

ZONES = st.sampled_from([UTC, ZoneInfo("America/Chicago"), ZoneInfo("Pacific/Kiritimati")])


@given(st.dates(), ZONES)
def test_a_day_becomes_noon_or_a_problem(day: date, zone: ZoneInfo) -> None:
    """Any day of the calendar is a day; as an instant it is that day in its zone."""
    assert values.day(day.isoformat()) == day.isoformat()
    if date.min < day < date.max:
        shown = values.instant(day.isoformat(), zone).astimezone(zone)
        assert (shown.date(), shown.hour) == (day, 12)


def test_days_and_instants_at_the_end_of_time() -> None:
    """An instant that does not exist in UTC is a problem, not a crash."""
    east = ZoneInfo("America/Juneau")  # fifteen hours ahead, before there were zones
    for text in ("0001-01-01", "9999-12-31T23:59:59-23:59", "2026-03-31T09:00", "soon", ""):
        assert code_of(partial(values.instant, text, east)) == "invalid_datetime"
    assert code_of(lambda: values.day("2026-02-30")) == "invalid_date"


@given(st.datetimes(timezones=ZONES, min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)))  # noqa: DTZ001  # hypothesis wants them naive
def test_instants_are_kept_to_the_millisecond(moment: datetime) -> None:
    """An instant is the same one in UTC, whatever zone it was written in."""
    found = values.as_instant(values.zulu(values.instant(moment.isoformat(), UTC)))
    assert found is not None
    assert abs(found - moment) < timedelta(milliseconds=1)


def test_numbers_flags_and_zones() -> None:
    """Blanks around a number are no matter; a zone nobody knows is UTC."""
    assert values.number(" -7.50 ") == "-7.50"
    assert code_of(lambda: values.number("7,50")) == "invalid_number"
    assert values.flag("TRUE ") == "true"
    assert code_of(lambda: values.flag("yes")) == "invalid_bool"
    assert [values.zone_of(name) for name in (None, "", "No/Where", "../etc")] == [UTC] * 4
    assert values.zone_of("Europe/Paris") == ZoneInfo("Europe/Paris")


@given(st.text(), st.text())
def test_when_two_values_say_the_same(ours: str, held: str) -> None:
    """Every value is the same as itself, blank as blank only, and the order is no matter."""
    for meaning in (values.lines, values.decimal, names.folded):
        assert values.agree(meaning, ours, ours)
        assert values.agree(meaning, ours, None) == (not ours)
        assert values.agree(meaning, ours, held) == values.agree(meaning, held, ours)
    assert values.agree(values.decimal, "10", "1e1")
    assert not values.agree(values.decimal, "nan", "NaN")
    assert not values.agree(values.decimal, "ten", "TEN")


# -- drafts, fields and words ----------------------------------------------------------------------


def test_a_draft_tells_everything() -> None:
    """Values, where they come from, and every problem with the value as it was given."""
    given = {"name": "N", "amount": "x", "custom.title": "T"}
    draft = Draft(Record(DEALS, "k", given, {}, Place("f", 1, 2)), TERMS)
    draft.convert("title", "name", str.upper)
    draft.convert("value", "amount", values.number)
    draft.convert("title", "custom.title", str)
    draft.problem("stage", TERMS.missing_name(DEALS))
    found = draft.done()
    assert (found.properties, found.origin) == ({"title": "N"}, {"title": "name"})
    assert [(p.field, p.code, p.value, p.only_to_create) for p in found.problems] == [
        ("amount", "invalid_number", "x", False),
        ("custom.title", "duplicate_field", "T", False),
        ("name", "missing_name", "N", True),
    ]


def test_words_of_a_vendor() -> None:
    """Problems of fields are told in the vendor's own words."""
    unknown = TERMS.unknown_field(DEALS, "teir", ["tier"])
    assert str(unknown) == (
        'Acme CRM\'s deals have no column "teir".' + did_you_mean("teir", ["tier"])
    )
    assert str(TERMS.read_only_field("x")) == 'Acme CRM fills the column "x" itself.'
    assert "leave it to migrator" in str(TERMS.key_field("x"))
    assert str(TERMS.missing_name(ObjectType.COMPANIES)) == (
        "Acme CRM wants a name for every company."
    )


@pytest.mark.parametrize(
    ("label", "status"),
    [
        ("Won", WON),
        ("closed/WON", WON),
        ("Geschlossen - gewonnen", WON),
        ("Deal perdu", LOST),
        ("Closed", OPEN),
        ("", OPEN),
        ("Lost contact", OPEN),
        ("Won or lost", OPEN),
    ],
)
def test_what_the_name_of_a_stage_tells(label: str, status: DealStatus) -> None:
    """Only a name that says nothing else closes a deal."""
    assert names.status_of_stage(label) is status
