"""Moves of names that do not tell things apart, or that the other CRM does not take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.errors import InputError, TemplateError
from migrator.model import FieldInfo, NewPipeline, NewStage, Pipeline, Stage
from migrator.report import as_text
from migrator.template import distinct_places, fitting, moving_template, parse_template
from migrator.vendors.shared.choices import Choices
from migrator.vendors.shared.problems import BadValue
from migrator.vendors.shared.wanted import lacking_pipelines
from tests.exports import Reader, filled, rehearsal, rows_of
from tests.test_moving import fetched, loaded

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import Rehearsal

FIELDS = """
name: own
key: {from: id}
fields:
  name: {from: title}
  pipeline: {default: Renewals}
  stage: {default: Due}
  contacts: {from: contact, on_missing: create}
  custom.NAME: {from: value}
create:
  fields:
    - FIELD
  pipelines:
    - {label: Renewals, stages: [{label: Due}]}
"""


def holding(vendor: str, folder: Path, name: str, field: str, *values: str) -> Rehearsal:
    """An account with a deal for each value that a field of the account's own is to have."""
    there = rehearsal(vendor, folder)
    template = there.template(FIELDS.replace("NAME", name).replace("FIELD", field))
    rows = [f"k{n},Deal {n},a@example.com,{value}" for n, value in enumerate(values, 1)]
    source = there.source("\n".join(["id,title,contact,value", *rows]) + "\n")
    assert there.load(template, source).rows["created"] == len(values)
    there.clock.run(there.clock.sleep(60))
    return there


def moved(
    source: Rehearsal, target: str, folder: Path, **options: Any
) -> tuple[dict[str, dict[str, Any]], str]:
    """What the other account has in the end, and what the report says."""
    there = rehearsal(target, folder, **options)
    _, report = loaded(there, fetched(source, target))
    there.clock.run(there.clock.sleep(60))
    assert report.rows["created"] == report.source_rows
    out = folder / "out.csv"
    Reader(there).export(out)
    rows = rows_of(out)
    return {key: rows[key] for key in sorted(rows)}, " ".join(as_text(report).split())


# -- fields ----------------------------------------------------------------------------------------


def test_a_field_that_is_called_otherwise(tmp_path: Path) -> None:
    """A field that the CRM gives another name arrives, and the report says where it is."""
    field = "{name: stage, label: Stage}"
    source = holding("hubspot", tmp_path / "a", "stage", field, "one", "two")
    rows, text = moved(source, "activecampaign", tmp_path / "b")
    assert [row["custom.stage_1"] for row in rows.values()] == ["one", "two"]
    assert 'custom.stage is in the field "Stage" over there' in text
    assert "custom.stage is left out" not in text
    assert "custom.stage changes" not in text


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    """A field whose name the other CRM does not take gets another one, and that is told."""
    long = "z" * 60
    source = holding("hubspot", tmp_path / "a", long, f"{{name: {long}, label: Zs}}", "one")
    rows, text = moved(source, "brevo", tmp_path / "b")
    assert rows["k1"][f"custom.{long[:50]}"] == "one"
    assert f"The field {long} is called {long[:50]} over there" in text


@given(st.lists(st.text(max_size=12), unique=True), st.integers(3, 10), st.booleans())
def test_names_stay_distinct(names: list[str], longest: int, plain: bool) -> None:
    """Whatever the names, the new ones fit, no two are the same, and those that fit stay."""
    found = fitting(names, longest, plain=plain)
    new = [found.get(name, name) for name in names]
    assert len(set(new)) == len(new)
    assert all(len(name) <= longest for name in new)
    if plain:
        assert all(name.isascii() and name[:1].isalpha() and name == name.lower() for name in new)


def test_options_that_the_other_crm_does_not_take() -> None:
    """A choice with an option that would be taken for two becomes a text."""
    info = FieldInfo("kind", "Kind", "choice", {"1": "Soft; hard", "2": "None"})
    places = distinct_places(())
    for bars, kind in (((";",), "text"), (("||",), "choice")):
        text = moving_template(places, [info], bars=bars)
        (field,) = parse_template(text).create.fields
        assert field.kind == kind


def test_options_of_one_label() -> None:
    """Two options of one label are named by their values as well: an export has those instead."""
    info = FieldInfo("kind", "Kind", "choice", {"1": "Same", "2": "Same", "3": "Other"})
    (field,) = parse_template(moving_template(distinct_places(()), [info])).create.fields
    assert set(field.options) == {"Same", "Other", "1", "2"}


@pytest.mark.parametrize("target", ["brevo", "activecampaign"])
def test_options_that_differ_in_letter_case(target: str, tmp_path: Path) -> None:
    """Two options that differ in letter case alone stay two."""
    field = "{name: heat, label: Heat, kind: choice, options: [hot, Hot]}"
    source = holding("hubspot", tmp_path / "a", "heat", field, "hot", "Hot")
    rows, _ = moved(source, target, tmp_path / "b")
    assert [row["custom.heat"] for row in rows.values()] == ["hot", "Hot"]


def test_labels_as_they_are_written_come_first() -> None:
    """Letter case tells two options apart where nothing else does; else it is as good as none."""
    choices = Choices(FieldInfo("heat", "Heat", "choice", {"1": "hot", "2": "Hot", "3": "Cold"}))
    assert [choices.value(name) for name in ("hot", "Hot", "COLD")] == ["1", "2", "3"]
    with pytest.raises(BadValue, match="several options"):
        choices.value("HOT")
    twice = Choices(FieldInfo("heat", "Heat", "choice", {"1": "Hot", "2": "Hot"}))
    with pytest.raises(BadValue, match="use the value"):
        twice.value("Hot")


# -- dates -----------------------------------------------------------------------------------------


def test_dates_with_a_time(tmp_path: Path) -> None:
    """A field of dates that have a time becomes one that holds them."""
    field = "{name: seen, label: Seen, kind: datetime}"
    moments = ("2026-02-03T10:11:12Z", "2026-02-04T10:11:12Z")
    source = holding("brevo", tmp_path / "a", "seen", field, *moments)
    rows, text = moved(source, "hubspot", tmp_path / "b")
    assert tuple(row["custom.seen"] for row in rows.values()) == moments
    assert "custom.seen changes" not in text


def test_one_date_with_a_time(tmp_path: Path) -> None:
    """Among days a single moment does not cost its row: it becomes its day, and that is told."""
    field = "{name: seen, label: Seen, kind: date}"
    days = ("2026-02-03", "2026-02-04", "2026-02-05T23:11:12Z")
    source = holding("brevo", tmp_path / "a", "seen", field, *days)
    rows, text = moved(source, "hubspot", tmp_path / "b", time_zone="Europe/Paris")
    assert [row["custom.seen"] for row in rows.values()] == [*days[:2], "2026-02-06"]
    assert '"2026-02-05T23:11:12Z" becomes "2026-02-06"' in text
    assert "custom.seen changes: 1 records" in text


# -- pipelines and stages --------------------------------------------------------------------------


def test_two_pipelines_of_one_name(tmp_path: Path) -> None:
    """Two pipelines that are called the same stay two, told apart by their ids."""
    source = filled("activecampaign", tmp_path / "a", 4)
    client = source.stranger()
    account = source.account()
    (first,) = (one for one in account.pipelines if one.label == "Renewals")
    (other, *_) = (one for one in account.pipelines if one.label != "Renewals")
    source.clock.run(source.clock.sleep(2))
    body: dict[str, Any] = {"dealGroup": {"title": "renewals"}}
    client.put(f"/api/3/dealGroups/{other.id}", json=body).raise_for_status()
    (deal, *_) = source.sandbox.records("deals")
    place = {"group": other.id, "stage": other.stages[0].id}
    source.clock.run(source.clock.sleep(2))
    client.put(f"/api/3/deals/{deal['id']}", json={"deal": place}).raise_for_status()
    source.clock.run(source.clock.sleep(60))

    there = rehearsal("hubspot", tmp_path / "b")
    _, report = loaded(there, fetched(source, "hubspot"))
    assert (report.rows["created"], report.turned_down) == (4, 0)
    there.clock.run(there.clock.sleep(60))
    out = tmp_path / "out.csv"
    Reader(there).export(out)
    names = sorted(row["pipeline"] for row in rows_of(out).values())
    assert names == sorted([f"Renewals ({first.id})"] * 3 + [f"renewals ({other.id})"])
    words = " ".join(as_text(report).split())
    assert "2 pipelines have one name: over there they are called" in words


def test_stages_of_one_name() -> None:
    """Stages of one pipeline are told apart as well; those of two pipelines need not be."""
    pipelines = (
        Pipeline("p", "Sales", (Stage("1", "Talks"), Stage("2", "talks "), Stage("3", "New"))),
        Pipeline("q", "Other", (Stage("4", "Talks"),)),
    )
    places = distinct_places(pipelines)
    labels = [stage.label for pipeline in places.pipelines for stage in pipeline.stages]
    assert labels == ["Talks (1)", "talks  (2)", "New", "Talks"]
    template = parse_template(moving_template(places, ()))
    assert template.field("stage").values["2"] == "talks  (2)"
    assert template.field("pipeline").values == {"p": "Sales", "q": "Other"}
    assert 'of "Sales"' in places.remarks[0]
    assert distinct_places(pipelines[1:]).remarks == ()


def test_a_pipeline_that_is_there_twice() -> None:
    """Which of two pipelines is completed is not left to chance; a whole one needs nothing."""
    whole = Pipeline("1", "Sales", (Stage("a", "New"), Stage("b", "Old")))
    part = Pipeline("2", "sales", (Stage("c", "New"),))
    wanted = [NewPipeline("Sales", (NewStage("New"), NewStage("Old")))]
    assert lacking_pipelines([part, whole], wanted) == ()
    assert lacking_pipelines([part], wanted) == (NewPipeline("Sales", (NewStage("Old"),)),)
    with pytest.raises(InputError, match=r'2 pipelines called "Sales" \(ids 2, 2\).*Rename'):
        lacking_pipelines([part, part], wanted)


@pytest.mark.parametrize(
    "pipelines",
    [
        "- {label: A, stages: [{label: X}]}\n    - {label: a, stages: [{label: X}]}",
        "- {label: A, stages: [{label: X}, {label: x}]}",
    ],
)
def test_a_template_names_each_once(pipelines: str) -> None:
    """A template that asks for two of one name is refused."""
    text = FIELDS.split("create:", maxsplit=1)[0] + "create:\n  pipelines:\n    " + pipelines + "\n"
    with pytest.raises(TemplateError, match="are called"):
        parse_template(text)
