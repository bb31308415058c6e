"""One file of decisions: what blocks rows is gathered, decided by a person, and given back."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from migrator.errors import InputError, TemplateError
from migrator.runs.checking import check_files
from migrator.runs.deciding import Added, blocked, write_decisions
from migrator.runs.inputs import Request
from migrator.sandbox import SandboxServer
from migrator.vendors.hubspot.sandbox import HubSpotSandbox
from tests.shell import Shell
from tests.support import Rehearsal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from migrator.runs.planning import Planned

TEMPLATE = """
name: test
key: {from: id}
fields:
  name: {from: title, rules: [required]}
  pipeline: {from: pipeline, values: {main: Sales Pipeline}}
  stage: {from: stage}
  status: {from: status}
  amount: {from: amount}
  currency: {from: currency, rules: [currency_code]}
  owner: {from: owner}
"""
ROWS = [
    # id, title, pipeline, stage, status, amount, currency, owner
    ("1", "A", "main", "Qualified To By", "", "1000.50", "USD", ""),
    ("2", "B", "Sales Pipeline", "qualified to by", "", "200", "USD", ""),
    ("3", "C", "Sales Pipelin", "Qualified To Buy", "", "30", "USD", ""),
    ("4", "D", "main", "Qualified To Buy", "begun", "4", "USD", ""),
    ("5", "E", "main", "Qualified To Buy", "", "5", "EURO", ""),
    ("6", "F", "main", "Qualified To Buy", "", "6", "USD", "Nobody At All"),
    ("7", "G", "main", "Qualified To Buy", "", "7", "USD", ""),
    ("8", "", "main", "Qualified To Buy", "", "8", "USD", ""),
]
HEAD = ("id", "title", "pipeline", "stage", "status", "amount", "currency", "owner")


@pytest.fixture
def rehearsal(tmp_path: Path) -> Rehearsal:
    """A sandbox with its own pipeline and owners."""
    return Rehearsal(tmp_path)


def request(rehearsal: Rehearsal, decisions: Path | None = None) -> Request:
    """The rows above, with a template for them."""
    lines = [",".join(cells) for cells in (HEAD, *ROWS)]
    files = (rehearsal.source("\n".join(lines) + "\n"),)
    given = str(decisions) if decisions else None
    return Request(rehearsal.template(TEMPLATE), files, decisions=given)


def plan(rehearsal: Rehearsal, decisions: Path | None = None) -> Planned:
    """Plan the rows."""
    asked = request(rehearsal, decisions)
    return rehearsal.plan(asked.template, *asked.files, decisions=asked.decisions)


def read(path: Path) -> list[dict[str, str]]:
    """The file as a person sees it."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_what_blocks_rows_is_gathered_by_value(rehearsal: Rehearsal) -> None:
    """Rows of one value are one line, with their number and money, and the nearest value."""
    planned = plan(rehearsal)
    found = {
        (one.field, one.value.lower()): one for one in blocked(planned.inputs, planned.account)
    }
    stage = found["stage", "qualified to by"]
    assert {field for field, _ in found} == {"stage", "pipeline", "status", "currency", "owner"}
    assert stage.text.startswith("2 rows, 1,200.50 USD: ")
    assert (stage.value, stage.pipeline) == ("Qualified To By", "Sales Pipeline")
    assert stage.closest == "Qualified To Buy"
    assert found["pipeline", "sales pipelin"].closest == "Sales Pipeline"
    assert found["pipeline", "sales pipelin"].amounts == {"USD": Decimal(30)}
    assert found["status", "begun"].closest == ""
    assert "30.00 USD" in found["pipeline", "sales pipelin"].text
    assert found["owner", "nobody at all"].text.startswith("1 row, 6.00 USD: ")


def test_decided_and_given_back_nothing_blocks(rehearsal: Rehearsal, tmp_path: Path) -> None:
    """Filled in and given back, the same file leaves one row rejected: the one without a title."""
    path = tmp_path / "decisions.csv"
    planned = plan(rehearsal, path)
    assert planned.run.settings["rejected"] == 7
    assert write_decisions(path, blocked(planned.inputs, planned.account)) == Added(5)
    rows = read(path)
    answers = {"status": "open", "currency": "EUR", "owner": "(blank)"}
    with path.open("w", encoding="cp1252", newline="") as stream:  # as Excel saves it
        writer = csv.DictWriter(stream, rows[0], delimiter=";")
        writer.writeheader()
        for row in rows:
            writer.writerow(row | {"target": row["closest"] or answers[row["field"]]})
    before = path.read_bytes()
    again = plan(rehearsal, path)
    assert again.run.settings["rejected_codes"] == {"required": 1}
    assert again.run.template_fingerprint != planned.run.template_fingerprint
    assert blocked(again.inputs, again.account) == []
    assert write_decisions(path, []) == Added()
    assert path.read_bytes() == before
    report = rehearsal.execute(again.run)
    assert (report.rows["created"], report.rows["rejected"]) == (7, 1)


def test_new_lines_are_added_and_what_was_written_stays(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    """A decision that is no value of the account comes back as a new line under the old ones.

    A person's own columns, their order, the delimiter and the numbers in decided lines are as they
    were, byte for byte.
    """
    path = tmp_path / "decisions.csv"
    ours = "Who;target;source;field;rows;pipeline;note\r\n"
    ours += "Anna;Nobody Either;Nobody At All;owner;17;;asked\r\nBen;y;x;stage;;;"
    path.write_text(ours, encoding="cp1252", newline="")
    planned = plan(rehearsal, path)
    added = write_decisions(path, blocked(planned.inputs, planned.account))
    assert added == Added(5, ("closest", "amount", "problem"))
    text = path.read_bytes().decode("cp1252")
    assert text.startswith(ours + "\r\n")
    lines = text.removeprefix(ours + "\r\n").split("\r\n")
    assert ";;Nobody Either;owner;1;;" in lines
    assert ";;Qualified To By;stage;2;Sales Pipeline;" in lines
    assert len(lines) == 6
    again = blocked(planned.inputs, planned.account)
    assert write_decisions(path, again) == Added()
    assert path.read_bytes().decode("cp1252") == text


def test_a_file_without_pipelines_gets_no_stages_of_one(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    """A line that would be about all pipelines is not written for a stage that is wrong in one."""
    path = tmp_path / "decisions.csv"
    path.write_text("source,target,field\nx,y,stage\n", encoding="utf-8")
    planned = plan(rehearsal, path)
    added = write_decisions(path, blocked(planned.inputs, planned.account))
    assert (added.lines, added.unplaced) == (4, 1)
    assert "Qualified" not in path.read_text(encoding="utf-8")
    before = path.read_bytes()
    stages = [one for one in blocked(planned.inputs, planned.account) if one.field == "stage"]
    assert write_decisions(path, stages).unplaced == 1
    assert path.read_bytes() == before


def test_letters_that_a_file_cannot_hold_are_told(rehearsal: Rehearsal, tmp_path: Path) -> None:
    """Nothing is written over, or written as a question mark; the way out is named."""
    planned = plan(rehearsal)
    value = replace(blocked(planned.inputs, planned.account)[0], value="Łódź")
    path = tmp_path / "decisions.csv"
    path.write_bytes("field;pipeline;source;target\r\nstage;;Größe;x\r\n".encode("cp1252"))
    before = path.read_bytes()
    with pytest.raises(InputError, match=r'"Ł".*CSV UTF-8'):
        write_decisions(path, [value])
    assert path.read_bytes() == before


def test_values_that_look_like_formulas_come_back_as_they_were(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    """Excel evaluates no cell of the file, and what was decided finds the rows it is about."""
    stages = ["=1+1", "+49", "-n/a", "@home", "#N/A", "'=x", "#NAME?"]
    lines = [f"{n},T,main,{stage},,1,USD," for n, stage in enumerate(stages)]
    source = rehearsal.source("\n".join([",".join(HEAD), *lines]) + "\n")
    template = rehearsal.template(TEMPLATE)
    path = tmp_path / "decisions.csv"
    planned = rehearsal.plan(template, source)
    values = blocked(planned.inputs, planned.account)
    assert sorted(one.value for one in values) == sorted(stages)
    write_decisions(path, values)
    assert {row["source"] for row in read(path)} == {f"'{stage}" for stage in stages}
    path.write_text(
        path.read_text(encoding="utf-8-sig").replace(",,,1,", ",Qualified To Buy,,1,"),
        encoding="utf-8",
    )
    decided = rehearsal.plan(template, source, decisions=str(path))
    assert decided.run.settings["rejected"] == 0


def test_a_check_without_an_account_gathers_what_it_can(rehearsal: Rehearsal) -> None:
    """Values that are wrong in any CRM block without one; nothing is proposed."""
    space = rehearsal.workspace()
    try:
        checked = check_files(space, request(rehearsal))
    finally:
        space.close()
    found = blocked(checked.inputs)
    assert {(one.field, one.value, one.closest) for one in found} == {
        ("status", "begun", ""),
        ("currency", "EURO", ""),
    }


def test_a_file_that_cannot_be_written_is_told(rehearsal: Rehearsal, tmp_path: Path) -> None:
    """The way out is named; a file of another kind is not written over."""
    planned = plan(rehearsal)
    values = blocked(planned.inputs, planned.account)
    with pytest.raises(InputError, match="--decisions"):
        write_decisions(tmp_path / "absent" / "d.csv", values)
    other = tmp_path / "other.csv"
    other.write_text("name,amount\nx,1\n")
    with pytest.raises(TemplateError, match="is missing"):
        write_decisions(other, values)
    assert other.read_text() == "name,amount\nx,1\n"


def test_a_value_without_money_says_so_by_saying_nothing(rehearsal: Rehearsal) -> None:
    """No comma stands where there is no sum."""
    planned = plan(rehearsal)
    one = blocked(planned.inputs, planned.account)[0]
    assert replace(one, amounts={}, rows=2).text == f"2 rows: {one.problem}"


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Shell]:
    """A shell in a folder with the rows and their template, and a served account."""
    monkeypatch.chdir(tmp_path)
    lines = [",".join(cells) for cells in (HEAD, *ROWS)]
    (tmp_path / "deals.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "mine.yaml").write_text(TEMPLATE)
    with SandboxServer(HubSpotSandbox(token="secret")) as server:
        monkeypatch.setenv("HUBSPOT_TOKEN", "secret")
        monkeypatch.setenv("HUBSPOT_BASE_URL", server.url)
        yield Shell(capsys)


def test_check_decide_run(shell: Shell, tmp_path: Path) -> None:
    """A person checks, fills in the file and gives it back: what was blocked is loaded."""
    asked = ("mine.yaml", "deals.csv", "--to", "hubspot", "--decisions", "mine.csv")
    code, out, _ = shell("check", *asked)
    assert code == 1
    assert "2 rows, 1,200.50 USD: " in out
    assert "mine.csv (5 new lines)" in " ".join(out.split())
    path = tmp_path / "mine.csv"
    rows = read(path)
    answers = {"status": "open", "currency": "EUR", "owner": "(blank)"}
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(row | {"target": row["closest"] or answers[row["field"]]} for row in rows)
    code, out, _ = shell("run", *asked, "--yes", "--json")
    assert code == 1
    summary = json.loads(out.splitlines()[-1])
    assert (summary["rows"]["created"], summary["rows"]["rejected"]) == (7, 1)
    code, out, _ = shell("plan", *asked, "--json")
    assert json.loads(out)["blocked"] == []
    assert json.loads(out)["decisions"] is None


def test_what_a_file_cannot_say_is_told(shell: Shell, tmp_path: Path) -> None:
    """A file without some of our columns is completed as far as it goes, and the rest is told."""
    asked = ("mine.yaml", "deals.csv", "--to", "hubspot", "--decisions", "mine.csv")
    path = tmp_path / "mine.csv"
    path.write_text("field,source,target\n", encoding="utf-8")
    _, out, _ = shell("check", *asked)
    said = " ".join(out.split())
    assert "mine.csv (4 new lines)" in said
    assert "mine.csv has no column for pipeline, closest, rows, amount, problem" in said
    assert "1 value of a stage cannot be told" in said
    path.write_text("field,source,target,pipeline\n", encoding="utf-8")
    _, out, _ = shell("check", *asked)
    said = " ".join(out.split())
    assert "(5 new lines)" in said
    assert "of a stage cannot" not in said


def test_an_error_of_a_spreadsheet_is_told_by_its_line(shell: Shell, tmp_path: Path) -> None:
    """A value that Excel has destroyed is not taken for another one, nor passed over."""
    asked = ("mine.yaml", "deals.csv", "--to", "hubspot", "--decisions", "mine.csv")
    (tmp_path / "mine.csv").write_text(
        "sep=;\nfield;source;target;problem\nowner;a;b;\nstage;#NAME?;Won;stage =x is unknown\n",
        encoding="utf-8",
    )
    code, _, said = shell("check", *asked)
    said = " ".join(said.split())
    assert code == 2
    assert 'mine.csv, line 4: the column source says "#NAME?"' in said
    assert "(field: stage; target: Won; problem: stage =x is unknown)" in said


def test_without_a_file_decisions_stand_beside_the_rejects(shell: Shell, tmp_path: Path) -> None:
    """A check says where they are; one that was filled in is not written over by the next."""
    _, out, _ = shell("check", "mine.yaml", "deals.csv", "--json")
    data = json.loads(out)
    path = tmp_path / data["decisions"]
    assert [(one["field"], one["value"], one["rows"]) for one in data["blocked"]] == [
        ("currency", "EURO", 1),
        ("status", "begun", 1),
    ]
    shell("check", "mine.yaml", "deals.csv")
    assert [one.name for one in path.parent.glob("decisions*")] == ["decisions.csv"]
    filled = path.read_text(encoding="utf-8-sig").replace("EURO,", "EURO,EUR", 1)
    path.write_text(filled, encoding="utf-8")
    shell("check", "mine.yaml", "deals.csv")
    assert sorted(one.name for one in path.parent.glob("decisions*")) == [
        "decisions-2.csv",
        "decisions.csv",
    ]
    assert (path.parent / "decisions-2.csv").read_text(encoding="utf-8") == filled
    broken = path.read_text(encoding="utf-8-sig").replace("EURO,", "#NAME?,", 1)
    path.write_text(broken, encoding="utf-8")
    assert shell("check", "mine.yaml", "deals.csv")[0] == 1
    assert (path.parent / "decisions-3.csv").read_text(encoding="utf-8") == broken


def test_many_values_are_told_by_the_first(shell: Shell, tmp_path: Path) -> None:
    """A terminal shows the values of most rows and how many others there are."""
    lines = [f"{n},T,main,Stage {n // 2},,1,USD," for n in range(30)]
    (tmp_path / "deals.csv").write_text("\n".join((",".join(HEAD), *lines)))
    _, out, _ = shell("plan", "mine.yaml", "deals.csv", "--to", "hubspot")
    assert "and 7 other values" in out
    assert out.count("2 rows, 2.00 USD: ") == 8
