"""Decisions about single values, as a template takes them over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.errors import TemplateError
from migrator.template import Decision, Template, decided, parse_template, read_decisions

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """
name: t
key: {from: id}
fields:
  name: {from: Title}
  pipeline: {from: P, values: {alt: Sales}}
  stage: {from: S, default: Neu}
  owner: {from: O}
"""
VALUES = st.sampled_from(["a", "b", "c", "Neu"])
PIPELINES = st.sampled_from(["Sales", "Support"])


def value(template: Template, pipeline: str, source: str) -> str:
    """What the value map makes of a stage in a pipeline of the source; a plain reading of it."""
    for wanted in (pipeline, None):
        for row in template.value_map("stage"):
            if row.pipeline == wanted and row.source.casefold() == source.casefold():
                return row.target
    return source


@st.composite
def templates(draw: st.DrawFn) -> Template:
    """A template with a value map of stages, in one pipeline or in all."""
    places = st.tuples(st.none() | PIPELINES, VALUES)
    drawn = draw(st.dictionaries(places, VALUES, max_size=6))
    lines = [f"{pipeline or ''},{source},{target}" for (pipeline, source), target in drawn.items()]
    template = parse_template(TEXT)
    rows = [
        {"pipeline": pipeline or None, "source": source, "target": target}
        for pipeline, source, target in (line.split(",") for line in lines)
    ]
    kind = type(parse_template(TEXT.replace("alt: Sales", "x: y")).value_map("pipeline")[0])
    return template.with_value_map("stage", [kind.model_validate(row) for row in rows])


@given(templates(), st.none() | PIPELINES, VALUES)
def test_a_decision_changes_the_value_it_names_and_no_other(
    template: Template, pipeline: str | None, source: str
) -> None:
    """Wherever a record had the value, it gets the target; every other record stays as it is.

    A text of the source that the map gives another value is meant only if nothing else is.
    """
    after = decided(template, [Decision("stage", pipeline, source, "Target")])
    every = [(p, s) for p in ("Sales", "Support", "Else") for s in ("a", "b", "c", "Neu")]
    for place, text in every:
        before, now = value(template, place, text), value(after, place, text)
        in_scope = pipeline is None or place == pipeline
        if in_scope and before == source:
            assert now == "Target"
        elif text != source or not in_scope:
            assert now == before
        else:
            assert now in {before, "Target"}


def test_the_default_is_a_value_too() -> None:
    """A value that comes from the default is decided there; `(blank)` leaves it out."""
    template = parse_template(TEXT)
    after = decided(template, [Decision("stage", None, "neu", "New")])
    assert after.field("stage").default == "New"
    assert (
        decided(template, [Decision("stage", None, "Neu", "(blank)")]).field("stage").default
        is None
    )
    assert decided(template, [Decision("stage", None, "Neu", "")]) is template


@pytest.mark.parametrize("pipeline", ["Sales", "vertrieb"])
def test_a_pipeline_of_the_records_is_found_under_its_names_in_the_source(pipeline: str) -> None:
    """A stage's line names the pipeline as records have it, before or after its own decision."""
    after = decided(
        parse_template(TEXT),
        [
            Decision("stage", pipeline, "Nego", "Negotiation"),
            Decision("pipeline", None, "Sales", "Vertrieb"),
        ],
    )
    assert {row.source: row.target for row in after.value_map("pipeline")} == {
        "Sales": "Vertrieb",
        "alt": "Vertrieb",
    }
    found = {row.pipeline for row in after.value_map("stage") if row.target == "Negotiation"}
    assert found >= {"Sales", "alt"}


def test_stages_can_be_created() -> None:
    """`(create)` adds a stage to its pipeline, once, beside what the template creates already."""
    template = parse_template(
        TEXT + "create: {pipelines: [{label: Sales, stages: [{label: New}]}]}\n"
    )
    asked = [
        Decision("stage", "sales", "Nego", "(create)"),
        Decision("stage", "Other", "Nego", "(Create)"),
    ]
    created = decided(decided(template, asked), asked).create.pipelines
    assert [(one.label, [stage.label for stage in one.stages]) for one in created] == [
        ("Sales", ["New", "Nego"]),
        ("Other", ["Nego"]),
    ]
    assert template.fingerprint != decided(template, asked).fingerprint


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        (Decision("owner", None, "x", "(create)"), "Only stages can be created"),
        (Decision("stage", None, "x", "(create)"), "names their pipeline"),
        (Decision("ownr", None, "x", "y"), 'Did you mean "owner"'),
    ],
)
def test_a_decision_that_cannot_be_taken_is_refused(decision: Decision, words: str) -> None:
    """What cannot be done is said, not passed over."""
    with pytest.raises(TemplateError, match=words):
        decided(parse_template(TEXT), [decision])


def test_decisions_come_from_a_file_as_a_spreadsheet_saves_it(tmp_path: Path) -> None:
    """Open lines are kept as open, columns for people do not matter, blank lines are none."""
    path = tmp_path / "decisions.csv"
    path.write_bytes(
        "Field;Pipeline;Source;Target;Rows;Problem\r\n"
        "stage;Sales;Nego;Negotiation;412;is not in pipeline Sales\r\n"
        "owner;;Jürgen;;3;\r\n"
        ";;;;;\r\n".encode("cp1252")
    )
    assert read_decisions(path) == (
        Decision("stage", "Sales", "Nego", "Negotiation"),
        Decision("owner", None, "Jürgen", ""),
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("source,target\nx,y\n", "the column field is missing"),
        ("field,source\nx,y\n", "the column target is missing"),
        ("field,source,target\nstage,A,x\nstage,a,y\n", "decides twice"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: str, words: str) -> None:
    """A foreign file, or one that contradicts itself, stops the command before a row is read."""
    path = tmp_path / "d.csv"
    path.write_text(content)
    with pytest.raises(TemplateError, match=words):
        read_decisions(path)
    with pytest.raises(TemplateError, match="cannot be read"):
        read_decisions(tmp_path / "absent.csv")
