"""What is written can be read back, whatever stands in headers and cells, and says why."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from migrator.guess.draft import Target, draft
from migrator.guess.matching import Match, match_columns
from migrator.guess.sheets import Line, as_csv, candidate
from migrator.guess.writing import as_yaml
from migrator.model import Stage
from migrator.runs.inputs import Request, read_inputs
from migrator.template import parse_template
from migrator.template.loading import shipped_data
from tests.guesses import account, drafted, seen, source

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 12
# What no CSV keeps as it is: line breaks and quotes are tidied or end cells, and a header that
# polars or the reader take for something else is renamed.
_TEXT = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp"), blacklist_characters='"'),
    min_size=1,
    max_size=20,
).filter(lambda text: text.strip() not in {"", "*"} and not text.startswith("^"))


def texts(draft_folder: Path, file: Path) -> str:
    """The template for a file."""
    made = drafted(draft_folder, file, layouts=False)
    return as_yaml(made, "mine", [file.name], None)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=_TEXT, value=_TEXT)
def test_any_header_and_any_value_make_a_template_that_loads(
    header: str, value: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Quotation marks, colons, hashes, other scripts: the text is YAML and names the column."""
    folder = tmp_path_factory.mktemp("any")
    columns = {
        "id": [f"K{n}" for n in range(ROWS)],
        "name": [f"{value} {n}" for n in range(ROWS)],
        "stage": [value] * ROWS,
        f"lead source {header}": [value] * ROWS,
    }
    assume(header not in columns)
    columns[header] = [value] * ROWS
    file = source(folder, columns)
    profile = seen(folder / "seen", file)
    matching = match_columns(profile, layouts=False)
    matching = matching.with_match(Match("custom.any", (profile.columns[4].name,), 1.0, ("x",)))
    made = draft(matching, Target())
    text = as_yaml(made, header, [f"{header}.csv"], None)
    for name, sheet in made.sheets.items():
        (folder / "values").mkdir(exist_ok=True)
        (folder / f"values/{name}.csv").write_text(as_csv(sheet), encoding="utf-8-sig")
    template = parse_template(text, folder=folder)
    assert template.name == header
    assert template.field("custom.any").from_ == (profile.columns[4].name,)
    for new, pipeline in zip(made.places.create, template.create.pipelines, strict=True):
        assert [s.label for s in pipeline.stages] == [s.label for s in new.stages]


def test_every_guess_has_a_comment_and_what_is_left_out_a_line(tmp_path: Path) -> None:
    """How sure, why, how full, with samples; questions stand where they are answered."""
    columns = {
        "id": ["7", "8", "9", "9", *(str(n) for n in range(10, 18))],
        "name": [f"Deal number {n}" for n in range(ROWS)],
        "stage": ["Demo", "Won", ""] * 4,
        "amount": [f"{n + 1}.{n % 9 + 1}00" for n in range(ROWS)],
        "close date": [f"2026-02-{n + 1:02} 10:00" for n in range(ROWS)],
        "type": ["new\nline", "old", "-none-"] * 4,
        "nothing": [""] * ROWS,
        "lead source": ["N/A", "Web", "Fair"] * 4,
    }
    text = texts(tmp_path / "seen", source(tmp_path, columns))
    said = " ".join(text.replace("#", " ").split())
    for told in (
        "from deals.csv (12 records)",
        "100 %: header 'name' means 'name'; texts, 12 different; 100 % filled, such as Deal number",
        "QUESTION: times without a time zone: close date.",
        "QUESTION: records that repeat an id: 1.",
        "QUESTION: amount: all 12 numbers with a mark",
        'decimal: "." or decimal: ","',
        "These texts stand for a blank in the file.",
        "nothing: blank in every record",
        "No column was found for owner. Add them if the file has them.",
        "custom.type: {from: [type]} a label; choice, 100 % filled, 3 different, such as new line",
    ):
        assert told in said, told
    assert "\n# duplicates: first\n" in text
    assert "\n  # custom.type: {from: [type]}\n" in text
    assert 'missing_values: ["", N/A]' in text
    assert all(len(line) <= 100 for line in text.splitlines())


def test_what_is_uncommented_is_part_of_the_template(tmp_path: Path) -> None:
    """A field that waits, and a column that is left out, need no more than their sign removed."""
    columns = {
        "id": [f"K{n}" for n in range(ROWS)],
        "name": [f"Deal number {n}" for n in range(ROWS)],
        "owner id": ["005aa0000012345", "005aa0000012346"] * 6,
        "colour": ["red", "blue"] * 6,
    }
    crm = account({"Sales": [Stage("1", "Demo")]})
    made = drafted(tmp_path / "seen", source(tmp_path, columns), crm, layouts=False)
    text = as_yaml(made, "mine", ["deals.csv"], crm)
    assert set(parse_template(text).fields) == {"name", "pipeline", "custom.owner_id"}
    (tmp_path / "values").mkdir()
    (tmp_path / "values/owner.csv").write_text(as_csv(made.sheets["owner"]))
    more = text.replace("  # owner:", "  owner:").replace("  # custom.", "  custom.")
    template = parse_template(more, folder=tmp_path)
    assert template.field("owner").from_ == ("owner id",)
    assert template.field("custom.colour").from_ == ("colour",)


def test_long_fields_are_broken_into_lines(tmp_path: Path) -> None:
    """Nothing is wider than a screen, and it says the same."""
    names = [f"amount {'very ' * 12}long {n}" for n in range(3)]
    columns = {"id": range(ROWS), "name": [f"Deal {n}" for n in range(ROWS)]}
    file = source(
        tmp_path, {**columns, **{name: [f"{n}.5" for n in range(ROWS)] for name in names}}
    )
    matching = match_columns(seen(tmp_path / "seen", file), layouts=False)
    made = draft(matching.with_match(Match("amount", tuple(names), 1.0, ("x",))), Target())
    text = as_yaml(made, "mine", ["deals.csv"], None)
    amount = parse_template(text).field("amount")
    assert amount.from_ == tuple(names)
    assert amount.pick == "first_filled"


def test_a_value_map_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    """Targets are taken, a line without one is not: its value stays as it is."""
    sheet = (
        Line("", 'Ne"go; a, b', "Negotiation", 3, "5", "Negotiation", 0.98),
        Line("", "Déjà", "", 1, "", "Demo", 0.6),
    )
    text = as_csv(sheet)
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["score"] for row in rows] == ["0.98", "0.60"]
    (tmp_path / "stage.csv").write_text(text, encoding="utf-8-sig", newline="")
    (tmp_path / "deals.csv").write_text('id,s\n1,"Ne""go; a, b"\n2,Déjà\n', encoding="utf-8")
    (tmp_path / "t.yaml").write_text(
        "name: t\nkey: {from: id}\nfields:\n  stage: {from: s, values_file: stage.csv}\n"
    )
    request = Request(str(tmp_path / "t.yaml"), (str(tmp_path / "deals.csv"),))
    prepared = read_inputs(request, tmp_path).prepared
    stages = pl.read_parquet(prepared.records)["stage"].to_list()
    assert stages == ["Negotiation", "Déjà"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Proposal", ("Proposal", 1.0, True)),
        ("proposals", ("Proposal", 0.94, True)),
        ("Prop", ("Proposal", 0.85, False)),
        ("Nothing like it", ("", 0.0, False)),
        ("Same", ("A", 1.0, False)),
    ],
)
def test_a_candidate_is_sure_only_where_it_is_clear(
    value: str, expected: tuple[str, float, bool]
) -> None:
    """Nearly equal is sure, a beginning is not, nor a name that two share."""
    names = {"Proposal": ["Proposal"], "A": ["Same"], "B": ["same"], "": [""]}
    target, score, sure = candidate(value, names)
    assert (target, round(score, 2), sure) == expected


def test_a_shipped_template_is_plain_data() -> None:
    """Texts as they stand there; the data make the same template again."""
    assert shipped_data("maven")["fields"]["amount"]["transform"] == [{"money": {"places": "2"}}]
