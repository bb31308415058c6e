"""Prepare: every row of a source becomes part of a record or a rejection, exactly."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrator.errors import InputError, TemplateError, UndecidedError
from migrator.prepare import Prepared, prepare
from migrator.template import load_template, parse_template

Rows = list[dict[str, str | None]]
HEAD = "name: t\nkey: {from: id}\nfields:\n"
DATASETS = Path(__file__).parents[2] / "shared" / "datasets"


def scan_of(rows: Rows, columns: list[str] | None = None) -> tuple[pl.LazyFrame, list[str]]:
    """Rows as reading gives them: texts with their place in the file, header on line 1."""
    columns = columns or list(rows[0])
    frame = pl.DataFrame(
        {column: [row.get(column) for row in rows] for column in columns},
        schema=dict.fromkeys(columns, pl.String),
    )
    place = frame.with_row_index("_record", offset=1).with_columns(
        pl.col("_record").cast(pl.Int64),
        (pl.col("_record") + 1).cast(pl.Int64).alias("_line"),
        pl.lit("deals.csv").alias("_file"),
    )
    return place.lazy(), columns


def run(
    fields: str, rows: Rows, folder: Path, problems: pl.DataFrame | None = None
) -> tuple[Prepared, list[dict[str, Any]], list[dict[str, Any]]]:
    """Prepare rows with a template; its records and rejections as dictionaries."""
    text = fields if fields.startswith("name:") else HEAD + fields
    scan, columns = scan_of(rows)
    result = prepare(parse_template(text, origin="t.yaml"), scan, columns, folder, problems)
    return (
        result,
        pl.read_parquet(result.records).to_dicts(),
        pl.read_parquet(result.rejections).to_dicts(),
    )


NAME = "  name: {from: Title, rules: [required]}\n"


def test_values_arrive_typed_and_exact(tmp_path: Path) -> None:
    """Each canonical field has its own type; blanks are null."""
    fields = (
        NAME + "  amount: {from: Value}\n  close_date: {from: Close}\n"
        "  created_at: {from: Made}\n  probability: {from: P}\n  contacts: {from: Who}\n"
        "  status: {from: S}\n  currency: {from: Cur}\n"
        "  custom.vip: {from: Vip, transform: [boolean]}\n"
    )
    rows: Rows = [
        {
            "id": "007",
            "Title": " A\u00a0deal ",
            "Value": "1,234.50",
            "Close": "2024-05-01",
            "Made": "2024-05-01T10:00:00Z",
            "P": "40%",
            "Who": "a@x.org; b@x.org",
            "S": "Won",
            "Cur": "eur",
            "Vip": "yes",
        },
        {"id": "8", "Title": "B"},
    ]
    _, records, rejections = run(fields, rows, tmp_path)
    assert rejections == []
    assert records[0] == {
        "_file": "deals.csv",
        "_record": 1,
        "_line": 2,
        "_rows": 1,
        "key": "007",
        "name": "A deal",
        "amount": Decimal("1234.50"),
        "close_date": date(2024, 5, 1),
        "created_at": datetime(2024, 5, 1, 10, tzinfo=UTC),
        "probability": Decimal(40),
        "contacts": ["a@x.org", "b@x.org"],
        "status": "won",
        "currency": "EUR",
        "custom.vip": True,
    }
    blank = {k: v for k, v in records[1].items() if v is not None}
    assert blank == {
        "_file": "deals.csv",
        "_record": 2,
        "_line": 3,
        "_rows": 1,
        "key": "8",
        "name": "B",
    }


def test_a_row_has_one_rejection_per_problem_and_names_the_source_column(tmp_path: Path) -> None:
    """The user mends all of a row at once, under the headers of the file."""
    fields = NAME + "  amount: {from: Value}\n  close_date: {from: Close}\n"
    rows: Rows = [
        {"id": "1", "Title": None, "Value": " 1.239", "Close": "2024-02-30"},
        {"id": None, "Title": "x", "Value": "1", "Close": None},
        {"id": "3", "Title": "x", "Value": "2.50", "Close": "2024-02-29"},
    ]
    result, records, rejections = run(fields, rows, tmp_path)
    assert [record["key"] for record in records] == ["3"]
    found = {(r["_record"], r["_field"], r["_code"], r["_value"]) for r in rejections}
    assert found == {
        (1, "Title", "required", None),
        (1, "Value", "too_many_decimals", " 1.239"),
        (1, "Close", "not_a_date", "2024-02-30"),
        (2, "id", "missing_key", None),
    }
    messages = {r["_code"]: r["_error"] for r in rejections}
    assert messages["required"].startswith("Title must not be blank")
    assert messages["too_many_decimals"].startswith('Value "1.239" has more than 2 digits')
    assert result.rejected == 2
    assert result.codes == {
        "missing_key": 1,
        "not_a_date": 1,
        "required": 1,
        "too_many_decimals": 1,
    }
    assert result.fields == {"key": "id", "name": "Title", "amount": "Value", "close_date": "Close"}


def test_a_value_that_cannot_be_read_is_not_also_called_blank(tmp_path: Path) -> None:
    """One cause, one problem."""
    fields = NAME + "  amount: {from: Value, rules: [required]}\n"
    rows: Rows = [{"id": "1", "Title": "a", "Value": "ten"}]
    _, _, rejections = run(fields, rows, tmp_path)
    assert [r["_code"] for r in rejections] == ["not_a_number"]


def test_rules_see_each_item_of_a_list(tmp_path: Path) -> None:
    """A list of contacts is fine when each address is."""
    fields = NAME + "  contacts: {from: Who, rules: [email]}\n"
    rows: Rows = [
        {"id": "1", "Title": "a", "Who": "a@x.org;b"},
        {"id": "2", "Title": "a", "Who": "a@x.org;b@x.org"},
        {"id": "3", "Title": "a", "Who": None},
    ]
    _, records, rejections = run(fields, rows, tmp_path)
    assert [r["_record"] for r in rejections] == [1]
    assert rejections[0]["_error"].startswith('Who "a@x.org; b" is no e-mail address')
    assert [r["key"] for r in records] == ["2", "3"]


def test_missing_values_defaults_and_picks(tmp_path: Path) -> None:
    """Blanking out, the first filled column, joining, and the default come in their order."""
    text = (
        "name: t\nmissing_values: [N/A, '-']\nkey: {from: id, prefix: 'x:'}\nfields:\n"
        "  name: {from: [Product, Account], pick: join, separator: ' for '}\n"
        "  close_date: {from: [Won, Lost], pick: first_filled}\n"
        "  stage: {from: Stage, default: New}\n"
        "  owner: {from: Owner, missing_values: [nobody]}\n"
        "  pipeline: {default: Sales}\n"
        "  description: {from: Note, tidy: false}\n"
    )
    rows: Rows = [
        {
            "id": "1",
            "Product": "P",
            "Account": "A",
            "Won": "n/a",
            "Lost": "2024-01-02",
            "Stage": "-",
            "Owner": "-",
            "Note": " a ",
        },
        {
            "id": "2",
            "Product": "P",
            "Account": "N/A",
            "Won": "2024-01-03",
            "Lost": "2024-01-02",
            "Stage": "Old",
            "Owner": "Nobody",
            "Note": "-",
        },
    ]
    _, records, _ = run(text, rows, tmp_path)
    names = ["key", "name", "close_date", "stage", "owner", "pipeline", "description"]
    assert [[r[n] for n in names] for r in records] == [
        ["x:1", "P for A", date(2024, 1, 2), "New", "-", "Sales", " a "],
        ["x:2", "P", date(2024, 1, 3), "Old", None, "Sales", None],
    ]


def test_value_maps_by_pipeline_with_blank_targets_and_rejects(tmp_path: Path) -> None:
    """The pipeline's own line goes first; `(blank)` blanks; `reject` names the stranger."""
    (tmp_path / "v.csv").write_text(
        "pipeline,source,target\nA,neu,New A\n,neu,New\n,weg,(blank)\n,fort,\n"
    )
    text = (
        HEAD + NAME + "  pipeline: {from: Pipe, values: {A: Alpha}}\n"
        "  stage: {from: Stage, values_file: v.csv}\n"
        "  owner: {from: Owner, values: {Ann: ann@x.org}, unmapped: reject}\n"
    )
    rows: Rows = [
        {"id": "1", "Title": "a", "Pipe": "a", "Stage": "NEU", "Owner": "ann"},
        {"id": "2", "Title": "a", "Pipe": "B", "Stage": "Neu", "Owner": None},
        {"id": "3", "Title": "a", "Pipe": None, "Stage": "Weg", "Owner": "Ann"},
        {"id": "4", "Title": "a", "Pipe": "B", "Stage": "Other", "Owner": "Bob"},
        {"id": "5", "Title": "a", "Pipe": "B", "Stage": "Fort", "Owner": None},
    ]
    scan, columns = scan_of(rows)
    template = parse_template(text, folder=tmp_path)
    result = prepare(template, scan, columns, tmp_path)
    records = pl.read_parquet(result.records).select("pipeline", "stage", "owner").rows()
    assert records == [
        ("Alpha", "New A", "ann@x.org"),
        ("B", "New", None),
        (None, None, "ann@x.org"),
        ("B", "Fort", None),
    ]
    rejections = pl.read_parquet(result.rejections).to_dicts()
    assert [(r["_record"], r["_code"], r["_value"]) for r in rejections] == [
        (4, "unmapped_value", "Bob")
    ]


@pytest.mark.parametrize("count", [1, 8, 9, 2000])
def test_long_and_short_maps_do_the_same(count: int, tmp_path: Path) -> None:
    """How many values a map has changes nothing but the way it is looked up."""
    pairs = ", ".join(f"s{n}: t{n}" for n in range(count))
    fields = NAME + f"  stage: {{from: S, values: {{{pairs}}}}}\n"
    rows: Rows = [{"id": str(n), "Title": "a", "S": f"S{n}"} for n in range(count)]
    rows += [{"id": "x", "Title": "a", "S": "other"}, {"id": "y", "Title": "a", "S": None}]
    _, records, _ = run(fields, rows, tmp_path)
    assert [r["stage"] for r in records] == [f"t{n}" for n in range(count)] + ["other", None]


def test_a_value_map_with_two_targets_is_refused(tmp_path: Path) -> None:
    """Letter case does not tell source values apart, so a map cannot either."""
    fields = NAME + "  stage: {from: S, values: {New: A, NEW: B}}\n"
    with pytest.raises(TemplateError, match='"NEW" two targets, "A" and "B"'):
        run(fields, [{"id": "1", "Title": "a", "S": "new"}], tmp_path)


def test_a_map_per_pipeline_needs_a_pipeline(tmp_path: Path) -> None:
    """A line for a pipeline that nothing fills could never apply."""
    (tmp_path / "v.csv").write_text("pipeline,source,target\nA,neu,New A\n")
    template = parse_template(
        HEAD + NAME + "  stage: {from: Stage, values_file: v.csv}\n", folder=tmp_path
    )
    scan, columns = scan_of([{"id": "1", "Title": "a", "Stage": "x"}])
    with pytest.raises(TemplateError, match="no field pipeline is filled"):
        prepare(template, scan, columns, tmp_path)


def test_a_template_for_other_columns_names_what_is_missing_and_what_is_there(
    tmp_path: Path,
) -> None:
    """The way out is in the message: the columns of the file, and the near miss."""
    with pytest.raises(TemplateError) as caught:
        run(NAME, [{"ID no": "1", "Titel": "a"}], tmp_path)
    message = str(caught.value)
    assert "lacks a column for key (id), name (Title)" in message
    assert "The file has: ID no, Titel." in message
    assert 'Did you mean "Titel"?' in message
    with pytest.raises(TemplateError, match="No field has a column"):
        run("  owner: {from: O}\n", [{"id": "1"}], tmp_path)


def test_headers_match_beyond_case_spaces_and_unicode_forms(tmp_path: Path) -> None:
    """People and spreadsheets change headers in ways that mean nothing."""
    rows: Rows = [{" ID ": "1", "tite\u0301\u00a0x": "a", "Extra": "1", "extra": "2"}]
    fields = "  name: {from: [Nope, TITÉ X]}\n  owner: {from: Extra}\n  stage: {from: Gone}\n"
    result, records, _ = run(fields, rows, tmp_path)
    assert (records[0]["name"], records[0]["owner"]) == ("a", "1")
    assert result.notices == (
        'Column "Extra" is used; "extra" has the same header and is not.',
        "This file has no column for stage; they stay blank.",
    )


def test_a_repeated_header_is_noticed_and_its_first_column_taken(tmp_path: Path) -> None:
    """Reading numbers repeated headers; the first is used, and the user is told."""
    rows: Rows = [{"id": "1", "Title": "a", "Title (2)": "b"}]
    result, records, _ = run(NAME, rows, tmp_path)
    assert records[0]["name"] == "a"
    assert result.notices == (
        'Column "Title" is used; "Title (2)" has the same header and is not.',
    )


def test_composite_key(tmp_path: Path) -> None:
    """Several columns name a record together; one of them may be blank, not all."""
    text = (
        "name: t\nkey: {from: gone, parts: [{from: a}, {from: b}], separator: '/'}\nfields:\n"
        "  name: {from: Title}\n"
    )
    rows: Rows = [
        {"a": "1", "b": "2", "Title": "x"},
        {"a": "1", "b": None, "Title": "x"},
        {"a": None, "b": " ", "Title": "x"},
        {"a": "1", "b": "1.2E+12", "Title": "x"},
    ]
    _, records, rejections = run(text, rows, tmp_path)
    assert [r["key"] for r in records] == ["1/2", "1/"]
    assert [(r["_record"], r["_code"], r["_field"]) for r in rejections] == [
        (3, "missing_key", "a + b"),
        (4, "scientific_notation", "a + b"),
    ]


DATES = NAME + "  close_date: {from: Close}\n"


@pytest.mark.parametrize(
    ("values", "expected", "decision"),
    [
        (
            ["13/02/2024", "01/02/2024"],
            [date(2024, 2, 13), date(2024, 2, 1)],
            "Close: day first, because record 1 has 13/02/2024",
        ),
        (
            ["2024-05-01 10:11", None, "2024-05-02"],
            [datetime(2024, 5, 1, 10, 11, tzinfo=UTC), None, datetime(2024, 5, 2, tzinfo=UTC)],
            None,
        ),
        (
            ["2024-05-01T00:00:00", "2024-05-02T00:00:00"],
            [date(2024, 5, 1), date(2024, 5, 2)],
            "Close: every time of day is midnight, so these are dates",
        ),
        (
            ["03/25/26 09:00 PM"],
            [datetime(2026, 3, 25, 21, tzinfo=UTC)],
            "Close: month first, because record 1 has 03/25/26",
        ),
        (["2024-05-01", None], [date(2024, 5, 1), None], None),
        ([None, None], [None, None], None),
    ],
)
def test_close_dates_are_dates_unless_the_column_has_times(
    values: list[str | None], expected: list[object], decision: str | None, tmp_path: Path
) -> None:
    """The whole column decides the format and the type; what was decided is told."""
    rows: Rows = [{"id": str(n), "Title": "a", "Close": v} for n, v in enumerate(values)]
    result, records, rejections = run(DATES, rows, tmp_path)
    assert rejections == []
    assert [r["close_date"] for r in records] == expected
    assert result.decisions == ((decision,) if decision else ())


def test_undecidable_dates_stop_with_a_question_and_its_answers(tmp_path: Path) -> None:
    """The question names the column, samples, and the line to write; nothing is written."""
    rows: Rows = [{"id": "1", "Title": "a", "Close": "03/04/2024 10:00"}]
    with pytest.raises(UndecidedError) as caught:
        run(DATES, rows, tmp_path)
    message = str(caught.value)
    assert 'Column "Close" (close_date)' in message
    assert "`date_formats: [%d/%m/%Y %H:%M]` or `date_formats: [%m/%d/%Y %H:%M]`" in message
    assert list(tmp_path.iterdir()) == []
    answered = DATES.replace("Close}", "Close, date_formats: ['%d/%m/%Y %H:%M']}")
    _, records, _ = run(answered, rows, tmp_path)
    assert records[0]["close_date"] == datetime(2024, 4, 3, 10, tzinfo=UTC)


def test_decimal_marks_are_decided_asked_about_or_given(tmp_path: Path) -> None:
    """1.234 alone is a question; one number with cents or one line in the template answers it."""
    fields = NAME + "  amount: {from: V}\n"
    rows: Rows = [{"id": "1", "Title": "a", "V": "1.234"}]
    with pytest.raises(UndecidedError, match=r'`decimal: "\."` or `decimal: ","`'):
        run(fields, rows, tmp_path)
    given_mark = fields.replace("V}", "V, decimal: ','}")
    assert run(given_mark, rows, tmp_path)[1][0]["amount"] == 1234
    more: Rows = [*rows, {"id": "2", "Title": "a", "V": "5,5"}]
    result, records, _ = run(fields, more, tmp_path)
    assert [r["amount"] for r in records] == [1234, Decimal("5.5")]
    assert result.decisions == ('V: decimal mark ",", because record 2 has 5,5',)


def test_local_times_are_read_in_the_templates_zone(tmp_path: Path) -> None:
    """A time without a zone is the source's local time; a gap of the clock is a reject."""
    text = "name: t\ntimezone: Europe/Paris\nkey: {from: id}\nfields:\n  created_at: {from: At}\n"
    rows: Rows = [
        {"id": "1", "At": "2024-07-01 09:30"},
        {"id": "2", "At": "2024-03-31 02:30"},
        {"id": "3", "At": "2024-10-27 02:30"},
    ]
    _, records, rejections = run(text, rows, tmp_path)
    assert [r["created_at"].hour for r in records] == [7, 0]
    assert [r["_code"] for r in rejections] == ["nonexistent_time"]


def test_custom_steps_come_before_the_default_conversion(tmp_path: Path) -> None:
    """A template that only replaces a text in amounts need not say `money` again."""
    fields = NAME + "  amount: {from: V, transform: [{replace: {k: '000'}}]}\n"
    _, records, _ = run(fields, [{"id": "1", "Title": "a", "V": "5k"}], tmp_path)
    assert records[0]["amount"] == 5000


def test_malformed_rows_are_turned_down_unseen(tmp_path: Path) -> None:
    """Cells of a ragged row may stand under the wrong header: nothing of it is looked at."""
    problems = pl.DataFrame(
        {"_record": [2], "_code": ["too_few_cells"], "_error": ["has 2 cells, not 3"], "_x": [1]}
    )
    rows: Rows = [
        {"id": "1", "Title": "a"},
        {"id": "1", "Title": None},
        {"id": "3", "Title": "c"},
    ]
    result, records, rejections = run(NAME, rows, tmp_path, problems)
    assert [r["key"] for r in records] == ["1", "3"]
    assert [(r["_record"], r["_code"]) for r in rejections] == [(2, "too_few_cells")]
    assert (result.rows, result.records_count, result.rejected) == (3, 2, 1)


TWINS: Rows = [
    {"id": "a", "Title": "1", "V": "1.00", "D": "2024-01-01"},
    {"id": "b", "Title": "2", "V": "2.00", "D": "2024-01-02"},
    {"id": "a", "Title": "3", "V": "4.00", "D": "2024-01-03"},
    {"id": "a", "Title": None, "V": "8.00", "D": None},
]


def test_repeated_keys_stop_before_anything_is_written(tmp_path: Path) -> None:
    """By default nobody guesses which row is the right one."""
    with pytest.raises(UndecidedError) as caught:
        run(NAME, TWINS, tmp_path)
    assert '1 key in "id"' in str(caught.value)
    assert "a (line 2, line 4, line 5)" in str(caught.value)
    assert "duplicates: first" in str(caught.value)
    assert not (tmp_path / "records.parquet").exists()


@pytest.mark.parametrize(
    ("rule", "kept", "dropped"),
    [
        ("first", ["1", "2"], {3: 1, 4: 1}),
        ("last", ["2"], {1: 4, 3: 4}),
        ("{newest: close_date}", ["2", "3"], {1: 3, 4: 3}),
    ],
)
def test_one_of_several_rows_is_loaded(
    rule: str, kept: list[str], dropped: dict[int, int], tmp_path: Path
) -> None:
    """The others are rejects that name the row that is loaded."""
    text = (
        f"name: t\nduplicates: {rule}\nkey: {{from: id}}\nfields:\n"
        + NAME
        + "  close_date: {from: D}\n"
    )
    result, records, rejections = run(text, TWINS, tmp_path)
    assert [r["name"] for r in records] == kept
    twins = {
        r["_record"]: int(r["_error"].split("record ")[1].split(",")[0])
        for r in rejections
        if r["_code"] == "duplicate_key"
    }
    assert twins == dropped
    assert result.rows == result.records_count + result.rejected


def test_a_deal_on_several_lines_is_folded(tmp_path: Path) -> None:
    """Sums are exact, texts are joined once each, lists are united, the rest is the first."""
    text = (
        "name: t\ngroup: {sum: [amount], join: {description: ', '}}\nkey: {from: id}\nfields:\n"
        "  name: {from: Title}\n  amount: {from: V}\n  description: {from: Note}\n"
        "  contacts: {from: Who}\n"
    )
    rows: Rows = [
        {"id": "a", "Title": None, "V": "0.10", "Note": "x", "Who": "p@x.org"},
        {"id": "b", "Title": "B", "V": None, "Note": None, "Who": None},
        {"id": "a", "Title": "A", "V": "0.20", "Note": "y", "Who": "q@x.org;p@x.org"},
        {"id": "a", "Title": "Z", "V": None, "Note": "x", "Who": None},
        {"id": "c", "Title": "C", "V": None, "Note": None, "Who": None},
        {"id": "c", "Title": "C", "V": None, "Note": None, "Who": None},
    ]
    result, records, rejections = run(text, rows, tmp_path)
    by_key = {r["key"]: r for r in records}
    assert rejections == []
    folded = by_key["a"]
    assert (folded["name"], folded["amount"], folded["_rows"]) == ("A", Decimal("0.30"), 3)
    assert (folded["description"], folded["contacts"]) == ("x, y", ["p@x.org", "q@x.org"])
    assert (folded["_record"], by_key["b"]["_rows"]) == (1, 1)
    assert (by_key["c"]["amount"], by_key["c"]["contacts"]) == (None, None)
    assert result.merged == 3
    assert result.notices == (
        (
            "name differs between the lines of 1 deals (such as a); the first line that fills it "
            "is taken."
        ),
    )
    assert {path.name for path in tmp_path.iterdir()} == {
        "records.parquet",
        "rejections.parquet",
        "members.parquet",
    }


def test_one_bad_line_keeps_its_whole_deal_out(tmp_path: Path) -> None:
    """A sum over the other lines would be a wrong amount that looks right."""
    text = (
        "name: t\ngroup: {sum: [amount]}\nkey: {from: id}\nfields:\n"
        + NAME
        + "  amount: {from: V}\n"
    )
    rows: Rows = [
        {"id": "a", "Title": "A", "V": "1.00"},
        {"id": "a", "Title": "A", "V": "ten"},
        {"id": "b", "Title": "B", "V": "2.00"},
    ]
    result, records, rejections = run(text, rows, tmp_path)
    assert [r["key"] for r in records] == ["b"]
    assert sorted((r["_record"], r["_code"]) for r in rejections) == [
        (1, "group_rejected"),
        (2, "not_a_number"),
    ]
    assert (result.rows, result.rejected, result.merged) == (3, 2, 0)


def test_unique_turns_down_all_rows_that_share_a_value(tmp_path: Path) -> None:
    """A value that must be the record's own is nobody's when two have it."""
    fields = NAME + "  owner: {from: O, rules: [unique]}\n  stage: {from: S, rules: [unique]}\n"
    rows: Rows = [
        {"id": "1", "Title": "a", "O": "x", "S": "1"},
        {"id": "2", "Title": "a", "O": "x ", "S": "2"},
        {"id": "3", "Title": "a", "O": None, "S": "3"},
        {"id": "4", "Title": "a", "O": None, "S": "4"},
    ]
    _, records, rejections = run(fields, rows, tmp_path)
    assert [r["key"] for r in records] == ["3", "4"]
    assert [(r["_record"], r["_code"]) for r in rejections] == [(1, "unique"), (2, "unique")]


def test_columns_of_the_file_may_be_called_anything(tmp_path: Path) -> None:
    """Names that look like ours in the file do not disturb the work."""
    rows: Rows = [{"id": "1", "Title": "a", "key": "k", "t.name": "t", "_tidy": "x", "s.id": "y"}]
    fields = NAME + "  owner: {from: key}\n  stage: {from: t.name}\n  pipeline: {from: s.id}\n"
    rows.append({"id": "2", "Title": None, "key": "m"})
    _, records, rejections = run(fields + "  amount: {from: key}\n", rows[1:], tmp_path)
    assert {(r["_code"], r["_value"]) for r in rejections} == {
        ("required", None),
        ("not_a_number", "m"),
    }
    _, records, _ = run(fields, rows[:1], tmp_path)
    assert (records[0]["owner"], records[0]["stage"], records[0]["key"]) == ("k", "t", "1")
    assert records[0]["pipeline"] == "y"


def test_an_unwritable_folder_is_an_input_error(tmp_path: Path) -> None:
    """A disk that cannot be written is named; no file is left that looks complete."""
    scan, columns = scan_of([{"id": "1", "Title": "a"}])
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        prepare(parse_template(HEAD + NAME), scan, columns, tmp_path / "file")


CELLS = st.sampled_from([None, "", "1", "2.50", "-3", "1.239", "x", "1e3", "#N/A", "1,000.00"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.sampled_from([None, "a", "b", "c", "d"]), CELLS, CELLS),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from(["group: {sum: [amount]}", "duplicates: first", "duplicates: last"]),
)
def test_no_row_and_no_cent_is_lost(
    table: list[tuple[str | None, str | None, str | None]], mode: str
) -> None:
    """Rows in = rows folded into records + rows rejected; the accepted amounts add up exactly."""
    text = (
        f"name: t\ndecimal: '.'\n{mode}\nkey: {{from: id}}\nfields:\n"
        "  name: {from: Title, rules: [required]}\n  amount: {from: V}\n"
    )
    rows: Rows = [{"id": k, "Title": t, "V": v} for k, t, v in table]
    with TemporaryDirectory() as folder:
        result, records, rejections = run(text, rows, Path(folder))
    rejected = {r["_record"] for r in rejections}
    assert len(rows) == sum(r["_rows"] for r in records) + len(rejected)
    assert result.rows == len(rows)
    accepted = [row for number, row in enumerate(rows, 1) if number not in rejected]
    amounts = [Decimal((row["V"] or "0").replace(",", "")) for row in accepted]
    assert sum(r["amount"] or 0 for r in records) == sum(amounts)
    assert max(Counter(r["key"] for r in records).values(), default=1) == 1


@pytest.mark.parametrize(
    ("template", "name", "rows", "won"),
    [
        ("maven", "maven_crm/sales_pipeline.csv", 8800, Decimal(10005534)),
        ("maven", "maven_crm/sales_pipeline.us_dates.csv", 8800, Decimal(10005534)),
        ("maven", "maven_crm_eu_dates/sales_pipeline.eu_dates.csv", 8800, Decimal(10005534)),
        ("salesforce", "salesforce_dataloader_samples/opportunityData.csv", 38, Decimal(2200000)),
        ("salesforce", "salesforce_genai_demo_bsd/Opportunity.csv", 58, Decimal(814000)),
        ("salesforce", "salesforce_powerbi_mit/Opportunity.csv", 36, Decimal(2815000)),
        ("opportunities", "sf_style_6000_mit/opportunities.csv", 6000, Decimal(72249000)),
        ("revops", "revops_skills_mit/opportunities.csv", 251, Decimal(1224500)),
    ],
)
def test_real_files_prepare_without_a_reject(
    template: str, name: str, rows: int, won: Decimal, tmp_path: Path
) -> None:
    """Exports of other people's systems go through whole, and their won amounts are the known."""
    path = DATASETS / name
    if not path.exists():
        pytest.skip("the data sets are not beside this checkout")
    result = _prepare_file(template, path, tmp_path)
    assert (result.rows, result.records_count, result.rejected) == (rows, rows, 0)
    stages = pl.col("stage").is_in(["Won", "Closed Won"])
    total = pl.scan_parquet(result.records).filter(stages).select(pl.col("amount").sum()).collect()
    assert total.item() == won
    created = {
        stage.label
        for pipeline in load_template(template).create.pipelines
        for stage in pipeline.stages
    }
    found = pl.scan_parquet(result.records).select("stage").unique().collect()["stage"]
    assert set(found) <= created


def test_three_spellings_of_the_same_dates_are_equal(tmp_path: Path) -> None:
    """ISO, month first and two-digit years give the same days, record by record."""
    names = ["maven_crm/sales_pipeline.csv", "maven_crm/sales_pipeline.us_dates.csv"]
    names.append("maven_crm_eu_dates/sales_pipeline.eu_dates.csv")
    if not all((DATASETS / name).exists() for name in names):
        pytest.skip("the data sets are not beside this checkout")
    frames = []
    for number, name in enumerate(names):
        (tmp_path / str(number)).mkdir()
        result = _prepare_file("maven", DATASETS / name, tmp_path / str(number))
        frames.append(pl.read_parquet(result.records).drop("_file"))
    assert frames[0].equals(frames[1])
    assert frames[0].equals(frames[2])


def _prepare_file(template: str, path: Path, folder: Path) -> Prepared:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows: Rows = [{k: v or None for k, v in row.items()} for row in csv.DictReader(file)]
    scan, columns = scan_of(rows)
    return prepare(load_template(template), scan, columns, folder)


@pytest.mark.parametrize("damaged", ["1.84E+11", "1,84E+11", "5E+15", "1.84467e+19"])
def test_an_id_that_a_spreadsheet_has_cut_names_nothing(damaged: str, tmp_path: Path) -> None:
    """Ids of which only the first digits are left are no keys: their rows would be others' doubles.

    The row is turned down even where it stands alone; ids that only look alike are keys.
    """
    rows: Rows = [
        {"id": damaged, "Title": "a"},
        {"id": damaged, "Title": "b"},
        {"id": "E+11", "Title": "c"},
        {"id": "12E+11", "Title": "d"},
        {"id": "1E11", "Title": "e"},
    ]
    result, records, _ = run(NAME, rows, tmp_path)
    assert [r["key"] for r in records] == ["E+11", "12E+11", "1E11"]
    rejections = pl.read_parquet(result.rejections).to_dicts()
    assert {(r["_record"], r["_code"], r["_value"]) for r in rejections} == {
        (1, "scientific_notation", damaged),
        (2, "scientific_notation", damaged),
    }
    assert "as text" in rejections[0]["_error"]


def test_wrongly_decoded_text_is_mended_before_it_is_tidied(tmp_path: Path) -> None:
    """Tidying removes soft hyphens and no-break spaces, which here are halves of letters."""
    fields = NAME.replace("{from: Title", "{from: Title, transform: [fix_encoding]")
    rows: Rows = [
        {"id": str(n), "Title": text.encode().decode("latin-1")}
        for n, text in enumerate(["María", "Società", " Łódź\u00a0", "plain"])
    ]
    _, records, _ = run(fields, rows, tmp_path)
    assert [r["name"] for r in records] == ["María", "Società", "Łódź", "plain"]
