"""The template: what it takes, what it refuses, and where it says the fault is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.catalogue import Kind
from migrator.errors import TemplateError
from migrator.model import TASK_FIELDS, DealStatus, ObjectType, OnConflict, OnMissing
from migrator.template import (
    Template,
    Unmapped,
    ValueRow,
    json_schema,
    load_template,
    parse_template,
)

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "name: x\nkey: {from: id}\n"
SMALL = HEAD + "fields:\n  name: {from: Title}\n"
NOTES = HEAD + "object: notes\nfields:\n  body: {from: Text}\n"
TASKS = HEAD + "object: tasks\nfields:\n  title: {from: Title}\n"


def test_scalars_stay_the_text_that_is_written() -> None:
    """YAML's numbers and truth values would change ids: 007 to 7, NO to false, 1e3 to a float."""
    template = parse_template(HEAD + "fields:\n  stage: {from: S, values: {NO: yes, 007: 1e3}}\n")
    assert dict(template.field("stage").values) == {"NO": "yes", "007": "1e3"}


def test_parameters_are_converted_by_their_rule() -> None:
    """A rule's parameter may stand alone or by name, and becomes what the rule takes."""
    template = parse_template(
        HEAD + "fields:\n  name:\n    from: T\n"
        "    rules: [required, {max_length: 255}, {one_of: a}, {pattern: {regex: a+}}]\n"
    )
    steps = {step.name: dict(step.arguments) for step in template.field("name").rules}
    assert steps == {
        "required": {},
        "max_length": {"most": 255},
        "one_of": {"values": ("a",)},
        "pattern": {"regex": "a+"},
    }


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("nam: x\n" + SMALL, 1, 'unknown key "nam". Did you mean "name"?'),
        (HEAD + "fields:\n  name:\n    form: T\n", 5, 'unknown key "form". Did you mean "from"?'),
        (HEAD + "fields:\n  nane: {from: T}\n", 4, 'field "nane" of deals. Did you mean "name"?'),
        (HEAD + "fields:\n  zzz: {from: T}\n", 4, "custom.<its name>"),
        (SMALL + "group: {sum: [amuont]}\n", 1, 'name "amuont"'),
        (SMALL + "group: {sum: [name]}\n", 1, "cannot be added up"),
        (SMALL + "  amount: {from: A}\ngroup: {join: {amount: x}}\n", 1, "cannot be joined"),
        (SMALL + "duplicates: {newest: name}\n", 1, "is no date"),
        (
            SMALL + "  close_date: {from: C}\nduplicates: {newest: close_date}\ngroup: {}\n",
            1,
            "cannot be combined",
        ),
        (SMALL + "duplicates: frist\n", 5, "duplicates"),
        (SMALL + "timezone: Europe/Pariss\n", 5, 'Did you mean "Europe/Paris"?'),
        (SMALL + "  owner: {}\n", 5, "needs `from`"),
        (SMALL + "  owner: {from: O, on_missing: park}\n", 5, "on_missing is for contacts"),
        (SMALL + "  stage: {from: S, rules: [max_lenght]}\n", 5, 'Did you mean "max_length"?'),
        (SMALL + "  stage: {from: S, rules: [zzzzzz]}\n", 5, "Known: required, unique"),
        (SMALL + "  stage: {from: S, rules: [{required: 3}]}\n", 5, "takes no parameters"),
        (SMALL + "  stage: {from: S, rules: [{max_length: many}]}\n", 5, "max_length: most"),
        (SMALL + "  stage: {from: S, rules: [max_length]}\n", 5, "max_length: most"),
        (SMALL + "  amount: {from: A, rules: [{number_range: {max: 1e32}}]}\n", 5, "less than"),
        (SMALL + "  amount: {from: A, rules: [{number_range: {min: .nan}}]}\n", 5, "number_range"),
        (SMALL + "  stage: {from: S, rules: [[a]]}\n", 5, "a rule is a name"),
        (
            SMALL + "  stage: {from: S, rules: [{max_length: {mots: 3}}]}\n",
            5,
            'Did you mean "most"?',
        ),
        (SMALL + "  stage: {from: S, rules: [{pattern: '('}]}\n", 5, "regex parse error"),
        (SMALL + "  amount: {from: A, rules: [email]}\n", 5, "this is a decimal"),
        (SMALL + "  amount: {from: A, transform: [money, upper]}\n", 5, "upper works on text"),
        (SMALL + "  stage: {from: S, transform: [split]}\n", 5, "it needs a text"),
        (SMALL + "  close_date: {from: S, transform: [split]}\n", 5, "it needs a date"),
        (
            SMALL + "  stage: {from: S, rules: [unique]}\ngroup: {}\n",
            5,
            "cannot be used with group",
        ),
        ("name: x\nkey: {prefix: a}\nfields:\n  name: {from: T}\n", 2, "needs `from`"),
        (SMALL + "object: contacts\n", 1, "use deals, notes, tasks"),
        (SMALL + "object: notes\n", 4, 'unknown field "name" of notes. Known: body, owner'),
        (NOTES + "create: {fields: [{name: a, label: A}]}\n", 1, "of notes be created"),
        (NOTES + "  amount: {from: A}\n", 6, 'unknown field "amount" of notes'),
        (NOTES + "  owner: {from: O, on_missing: park}\n", 6, "for deals and contacts and comp"),
        (NOTES + "  deals: {from: D, on_missing: create}\n", 6, "park or skip_link"),
        (TASKS + "  done: {from: D, transform: [money]}\n", 6, "needs a boolean"),
        (TASKS + "  due_at: {from: D, transform: [boolean]}\n", 6, "needs a date"),
        (SMALL + "name: y\n", 5, "twice"),
        (HEAD + "fields: [\n", 4, "not YAML"),
        ("- a\n", None, "a template is a mapping"),
        ("\x00", None, "not YAML"),
        (SMALL + "files: &a {delimiter: *a}\n", 5, ""),
    ],
)
def test_every_fault_is_named_with_its_line(text: str, line: int | None, words: str) -> None:
    """A fault says where it is and, where something similar exists, what was perhaps meant."""
    with pytest.raises(TemplateError) as caught:
        parse_template(text, origin="mine.yaml")
    message = str(caught.value)
    assert message.startswith("mine.yaml")
    assert words in message
    if line is not None:
        assert f"line {line}" in message


def test_all_faults_are_told_at_once() -> None:
    """A template is mended in one go, not one fault per run."""
    many = "".join(f"x{n}: 1\n" for n in range(3))
    text = HEAD + "fields:\n" + "".join(f"  owner{n}: {{form: x}}\n" for n in range(10))
    with pytest.raises(TemplateError) as caught:
        parse_template(text)
    assert str(caught.value).count("unknown key") == 8
    assert "and 2 more" in str(caught.value)
    with pytest.raises(TemplateError):
        parse_template(SMALL + many)


def test_an_alias_inside_itself_does_not_hang(tmp_path: Path) -> None:
    """YAML can describe endless data; a template cannot."""
    with pytest.raises(TemplateError):
        parse_template(SMALL + "create: &c {fields: [*c]}\n", folder=tmp_path)


def test_fingerprint_counts_what_is_said_and_not_how() -> None:
    """Comments and layout change nothing; a value in the template or its sidecar does."""
    same = "# a comment\nkey:\n  from: [id]\nname: x\nfields: {name: {from: [Title]}}\n"
    assert parse_template(SMALL).fingerprint == parse_template(same).fingerprint
    other = SMALL.replace("Title", "Titel")
    assert parse_template(SMALL).fingerprint != parse_template(other).fingerprint


@pytest.mark.parametrize(
    ("delimiter", "encoding"),
    [(";", "cp1252"), (",", "utf-8-sig"), ("\t", "utf-16"), (";", "utf-8")],
)
def test_a_value_map_saved_by_excel_is_read(tmp_path: Path, delimiter: str, encoding: str) -> None:
    """Whatever Excel makes of a value map when it saves it, its lines mean the same."""
    lines = [
        ("Pipeline", "Source", "Target"),
        ("", "Gewinnt für", "Won"),
        ("Süd", "Neu", "(Blank)"),
        ("", "Alt", ""),
    ]
    text = "\r\n".join(delimiter.join(cells) for cells in lines) + "\r\n"
    (tmp_path / "stages.csv").write_bytes(text.encode(encoding))
    path = tmp_path / "mine.yaml"
    path.write_text(HEAD + "fields:\n  stage: {from: S, values_file: stages.csv, values: {a: b}}\n")
    template = load_template(path)
    assert template.value_map("stage") == (
        ValueRow(pipeline=None, source="Gewinnt für", target="Won"),
        ValueRow(pipeline="Süd", source="Neu", target=""),
        ValueRow(source="a", target="b"),
    )
    before = template.fingerprint
    (tmp_path / "stages.csv").write_bytes(text.replace("Won", "Lost").encode(encoding))
    assert load_template(path).fingerprint != before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        (b"a;b\n1;2\n", "the column source is missing"),
        (b"", "the column source is missing"),
        (b"source,target\n\x81,x\n", "neither UTF-8 nor Windows-1252"),
    ],
)
def test_a_value_map_that_is_none_is_named(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    """A missing, foreign or damaged sidecar stops the load before a row is read."""
    if content is not None:
        (tmp_path / "v.csv").write_bytes(content)
    text = HEAD + "fields:\n  stage: {from: S, values_file: v.csv}\n"
    with pytest.raises(TemplateError, match=words):
        parse_template(text, folder=tmp_path)


def test_excels_separator_line_is_skipped(tmp_path: Path) -> None:
    """``sep=;`` is for Excel and no header; blank lines are no values."""
    (tmp_path / "v.csv").write_text("sep=;\nsource;target\na;b\n;\n")
    text = HEAD + "fields:\n  stage: {from: S, values_file: v.csv}\n"
    assert parse_template(text, folder=tmp_path).value_map("stage") == (
        ValueRow(source="a", target="b"),
    )


def test_provision_is_what_the_template_asks_for() -> None:
    """Key fields of the object and of parents to create, fields, pipelines with their stages."""
    template = parse_template(
        SMALL + "  companies: {from: C, on_missing: create}\n"
        "create:\n  fields: [{name: a, label: A, kind: choice, options: [x, y]}]\n"
        "  pipelines: [{label: P, stages: [{label: S, status: won, probability: '1.0'}]}]\n"
    )
    wanted = template.provision()
    assert wanted.keys == (ObjectType.DEALS, ObjectType.COMPANIES)
    assert wanted.fields[ObjectType.DEALS][0].options == ("x", "y")
    assert wanted.pipelines[0].stages[0].status is DealStatus.WON
    assert parse_template(SMALL).provision().fields == {}
    notes = parse_template(NOTES + "  companies: {from: C, on_missing: create}\n").provision()
    assert notes.keys == (ObjectType.COMPANIES,)


def test_fields_of_notes_and_tasks_have_their_own_kinds() -> None:
    """Days stay days where a column has no time of day; that of a deal's creation is an instant."""
    tasks = parse_template(TASKS)
    kinds = {name: tasks.typed(name).kind for name in (*TASK_FIELDS, "deals", "contacts")}
    assert kinds == {
        **dict.fromkeys(("title", "body", "kind", "owner"), Kind.TEXT),
        **dict.fromkeys(("due_at", "created_at"), Kind.DATE),
        **dict.fromkeys(("deals", "contacts"), Kind.TEXTS),
        "done": Kind.BOOLEAN,
    }
    assert parse_template(NOTES).typed("created_at").kind is Kind.DATE
    assert parse_template(SMALL).typed("created_at").kind is Kind.DATETIME
    by_row = "  created_at: {from: C, transform: [iso]}\n"
    assert parse_template(NOTES + by_row).typed("created_at").kind is Kind.MOMENT
    with pytest.raises(TemplateError, match="needs a datetime"):
        parse_template(SMALL + by_row)


def test_policies_have_careful_defaults() -> None:
    """Unsaid, a field overwrites and a missing parent parks its deal; the template may differ."""
    template = parse_template(SMALL + "  custom.*: {from: 'custom.*', on_conflict: never}\n")
    assert template.field("name").on_conflict is OnConflict.OVERWRITE
    assert template.field("contacts").on_missing is OnMissing.PARK
    assert template.field("custom.x").on_conflict is OnConflict.NEVER
    assert template.field("name").unmapped is Unmapped.KEEP
    assert not template.field("name").required


def test_json_schema_describes_every_key_and_names_every_rule() -> None:
    """An editor that knows the schema completes and explains a template."""
    schema = json_schema()
    assert set(schema["properties"]) == {f.alias or n for n, f in Template.model_fields.items()}
    text = json.dumps(schema)
    assert "max_length" in text
    assert "html_to_text" in text
    assert '"from"' in text
    undescribed = [name for name, info in Template.model_fields.items() if not info.description]
    assert undescribed == []


def test_a_template_that_does_not_exist_is_named(tmp_path: Path) -> None:
    """The nearest shipped template is offered; a folder is told apart from a template."""
    with pytest.raises(TemplateError, match='Did you mean "pipedrive"'):
        load_template("pipedriv")
    with pytest.raises(TemplateError, match="Shipped templates: "):
        load_template("qqqqqq")
    with pytest.raises(TemplateError, match="cannot be read"):
        load_template(tmp_path)
    assert load_template("pipedrive").origin == "pipedrive"


@given(st.text(max_size=60))
def test_any_text_gives_a_template_or_a_template_error(text: str) -> None:
    """What is no template ends in one kind of error, whatever it is."""
    try:
        template = parse_template(text)
    except TemplateError:
        return
    assert template.name
