"""`migrator init` as somebody meets it who has an export, a secret and half an hour."""

from __future__ import annotations

import csv
import io
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migrator.cli.main import cli
from migrator.resources import sample_data
from migrator.sandbox import SandboxServer
from migrator.template import load_template
from migrator.vendors.registry import names, product
from tests.shell import Shell
from tests.support import SHARED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

DATASETS = SHARED / "datasets"
MAVEN = "maven_crm/sales_pipeline.csv"
LOADER = "salesforce_dataloader_samples/opportunityData.csv"


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell in an empty folder, without any account."""
    monkeypatch.chdir(tmp_path)
    for name in names():
        for variable in (product(name).token_env, product(name).base_url_env):
            monkeypatch.delenv(variable, raising=False)
    return Shell(capsys)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A served sandbox that the environment names."""
    crm = product("hubspot")
    made: Any = crm.sandbox(token="secret")
    with SandboxServer(made) as server:
        monkeypatch.setenv(crm.token_env, "secret")
        monkeypatch.setenv(crm.base_url_env, server.url)
        yield made


class Typed(io.StringIO):
    """A terminal on which somebody types."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def values(path: str) -> list[dict[str, str]]:
    """The lines of a value map."""
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write(text: str, name: str = "deals.csv") -> None:
    """Write a source."""
    Path(name).write_text(text, encoding="utf-8")


PLAIN = "Deal ID,Title,Stage,Value,Closes,Rep\n" + "".join(
    f"K{n},Project number {n},{('Proposal', 'Negotiation', 'Closed Won')[n % 3]},{n * 1000}.50,"
    f"2026-12-{n % 28 + 1:02},{('Anna Berg', 'Dev Patel')[n % 2]}\n"
    for n in range(1, 31)
)


# -- from init to a verified load ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "amount"), [(MAVEN, "close_value"), (LOADER, "AMOUNT")], ids=["maven", "dataloader"]
)
def test_from_init_to_a_verified_load_in_four_commands(
    shell: Shell, sandbox: Any, file: str, amount: str
) -> None:
    """With `migrator sandbox` and the line it prints they are six; every row and cent is there."""
    source = DATASETS / file
    if not source.is_file():
        pytest.skip(f"the real file is absent: {file}")
    code, out, _ = shell("init", str(source), "--to", "hubspot")
    assert code == 0
    template = f"{source.stem.lower()}.yaml"
    assert out.rstrip().endswith(f"migrator check {template} {source} --to hubspot")
    code, out, _ = shell("check", template, str(source), "--to", "hubspot")
    assert code == 0, out
    code, out, _ = shell("run", template, str(source), "--to", "hubspot", "--yes")
    assert code == 0, out
    code, out, _ = shell("verify")
    assert code == 0, out
    with source.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    held = sandbox.records("deals")
    assert len(held) == len(rows)
    total = sum((Decimal(row[amount] or "0") for row in rows), Decimal(0))
    assert sum((Decimal(deal.get("amount") or "0") for deal in held), Decimal(0)) == total > 0
    assert all(deal["dealname"] for deal in held)


@pytest.mark.parametrize(
    "sample", ["hubspot_deals.csv", "dynamics365_opportunities.xlsx", "brevo_deals.csv"]
)
def test_a_guessed_template_turns_down_no_more_than_the_shipped_one(
    shell: Shell, sandbox: Any, sample: str
) -> None:
    """Of a sample with wrong rows the guess loads at least the rows that the layout's own does."""
    file = str(sample_data() / sample)
    assert shell("init", file, "--to", "hubspot", "--out", "mine.yaml")[0] == 0
    _, out, _ = shell("check", "mine.yaml", file, "--json")
    mine = json.loads(out)
    _, out, _ = shell("check", sample.partition("_")[0], file, "--json")
    theirs = json.loads(out)
    assert mine["codes"].keys() <= theirs["codes"].keys()
    assert mine["records"] >= theirs["records"] > 30


# -- what it writes --------------------------------------------------------------------------------


def test_it_writes_a_template_and_value_maps_and_says_what_is_next(
    shell: Shell, sandbox: Any
) -> None:
    """Fields with reasons on the screen at 80 columns, comments in the file, sums in the maps."""
    write(PLAIN)
    code, out, err = shell("init", "deals.csv", "--to", "hubspot")
    assert (code, err) == (0, "")
    assert max(len(line) for line in out.splitlines()) <= 80
    assert "no column was found" not in out
    for told in ("amount", "Value", "means 'value'", "names of 2 people", "values/stage.csv"):
        assert told in out
    template = load_template("deals.yaml")
    assert template.field("amount").from_ == ("Value",)
    assert template.field("close_date").from_ == ("Closes",)
    text = Path("deals.yaml").read_text(encoding="utf-8")
    assert "# 100 %: header 'Stage' means 'stage'" in text
    assert values("values/owner.csv")[0] == {
        "pipeline": "",
        "source": "Dev Patel",
        "target": "dev.patel@example.com",
        "rows": "15",
        "amount": "225007.5",
        "candidate": "dev.patel@example.com",
        "score": "1.00",
    }
    assert sandbox.records("deals") == []


def test_nothing_that_is_there_is_written_over(shell: Shell) -> None:
    """Without --force a second time stops before anything is written; with it, all is new."""
    write(PLAIN)
    assert shell("init", "deals.csv", "--to", "hubspot", "--sandbox")[0] == 0
    Path("deals.yaml").write_text("mine", encoding="utf-8")
    code, _, err = shell("init", "deals.csv", "--to", "hubspot", "--sandbox")
    assert code == 2
    assert "deals.yaml is there already, and nothing was written" in err
    Path("deals.yaml").unlink()
    Path("values/owner.csv").write_text("mine", encoding="utf-8")
    code, _, err = shell("init", "deals.csv", "--to", "hubspot", "--sandbox")
    assert code == 2
    assert "values/stage.csv" in err
    assert not Path("deals.yaml").exists()
    assert Path("values/owner.csv").read_text(encoding="utf-8") == "mine"
    assert shell("init", "deals.csv", "--to", "hubspot", "--sandbox", "--force")[0] == 0
    assert values("values/owner.csv")
    assert load_template("deals.yaml").name == "deals"


def test_two_templates_live_beside_each_other(shell: Shell) -> None:
    """The second one keeps its value maps in a folder of its own, and says so everywhere."""
    write(PLAIN)
    write(PLAIN.replace("Anna Berg", "Zoe Quinn"), "others.csv")
    assert shell("init", "deals.csv", "--to", "hubspot", "--sandbox")[0] == 0
    before = Path("values/owner.csv").read_bytes()
    code, out, _ = shell("init", "others.csv", "--to", "hubspot", "--sandbox")
    assert code == 0
    assert "others_values/owner.csv: 1 of 2 values" in out
    assert Path("values/owner.csv").read_bytes() == before
    assert values("others_values/owner.csv")[1]["source"] == "Zoe Quinn"
    template = load_template("others.yaml")
    assert template.field("stage").values_file == "others_values/stage.csv"
    assert "others_values/ say" in Path("others.yaml").read_text(encoding="utf-8")
    assert shell("init", "deals.csv", "--to", "hubspot", "--sandbox", "--force")[0] == 0
    assert load_template("deals.yaml").field("stage").values_file == "values/stage.csv"


def test_the_source_is_not_written_over(shell: Shell) -> None:
    """Not even with --force: what is no template cannot be named with --out."""
    write(PLAIN)
    before = Path("deals.csv").read_bytes()
    asked = ("--to", "hubspot", "--sandbox", "--force", "--out", "deals.csv")
    code, _, err = shell("init", "deals.csv", *asked)
    assert code == 2
    assert "--out names the template" in err
    assert Path("deals.csv").read_bytes() == before


def test_a_place_and_a_name_can_be_chosen(shell: Shell) -> None:
    """--out is the file, --template-name what it calls itself; folders are made."""
    write(PLAIN)
    options = ("--to", "brevo", "--sandbox", "--out", "a/b/t.yaml", "--template-name", "nightly")
    assert shell("init", "deals.csv", *options)[0] == 0
    assert load_template("a/b/t.yaml").name == "nightly"
    assert values("a/b/values/stage.csv")
    Path("file").touch()
    code, _, err = shell("init", "deals.csv", "--to", "brevo", "--out", "file/t.yaml")
    assert (code, "cannot be written" in err) == (2, True)


def test_without_a_secret_no_account_is_looked_at(shell: Shell) -> None:
    """It says so and guesses all the same; --account insists, and does not go with --sandbox."""
    write(PLAIN)
    code, _, err = shell("init", "deals.csv", "--to", "hubspot")
    assert code == 0
    assert "HUBSPOT_TOKEN is not set, so no account was looked at" in err
    assert not Path("values/owner.csv").exists()
    assert load_template("deals.yaml").field("owner").from_ == ("Rep",)
    code, _, err = shell("init", "deals.csv", "--to", "hubspot", "--account", "--force")
    assert (code, "HUBSPOT_TOKEN is not set" in err) == (3, True)
    assert shell("init", "deals.csv", "--to", "hubspot", "--account", "--sandbox")[0] == 2


def test_a_secret_without_an_address_is_an_error(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever set the one wants his account to be looked at."""
    write(PLAIN)
    monkeypatch.setenv("ACTIVECAMPAIGN_API_TOKEN", "secret")
    monkeypatch.setenv(product("activecampaign").token_env, "secret")
    assert shell("init", "deals.csv", "--to", "activecampaign")[0] == 3
    assert not Path("deals.yaml").exists()


def test_the_same_as_json(shell: Shell) -> None:
    """A program gets every column, every field with its score, every value, and what is next."""
    write(PLAIN.replace(",", ";"))
    arguments = ("--to", "hubspot", "--sandbox", "--json", "--delimiter", ";")
    code, out, _ = shell("init", "deals.csv", *arguments)
    assert code == 0
    data = json.loads(out)
    assert [column["type"] for column in data["columns"]][2:5] == ["choice", "number", "date"]
    fields = {field["field"]: field for field in data["fields"]}
    assert fields["stage"]["columns"] == ["Stage"]
    assert fields["stage"]["score"] > 0.9
    assert {line["target"] for line in data["values"]["stage"]} >= {"Closed Won"}
    assert data["written"][0] == "deals.yaml"
    assert data["next"].endswith("deals.csv --delimiter ';' --to hubspot")
    assert data["layout"] is None


# -- asking ----------------------------------------------------------------------------------------

DOUBTFUL = "no,what,when,how much,how far\n" + "".join(
    f"{n},Project number {n},0{n % 9 + 1}/0{n % 7 + 1}/2026,{n}.{n % 9 + 1}00,"
    f"{('Proposal', 'Demo', 'Won')[n % 3]}\n"
    for n in range(1, 31)
)


def test_on_a_terminal_it_asks_about_what_it_is_unsure_of(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number takes another column, Enter the guess; then the order of the dates is asked for."""
    write(DOUBTFUL)
    monkeypatch.setattr(sys, "stdin", Typed("\n" * 20))
    code, _, err = shell("init", "deals.csv", "--to", "hubspot", "--sandbox")
    assert code == 0
    assert "Which column is the date of closing?" in err
    assert "[1] when: 0" in err
    assert "none of the columns" in err
    text = Path("deals.yaml").read_text(encoding="utf-8")
    assert "confirmed" in text
    assert "QUESTION: when" not in text
    close = load_template("deals.yaml").field("close_date")
    assert close.date_formats == ("%d/%m/%Y",)
    assert load_template("deals.yaml").field("amount").decimal == "."


def test_it_asks_whose_times_they_are(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """UTC, or those of the account; the template says so and asks no more."""
    write(
        "id,name,stage,close date\n"
        + "".join(f"K{n},Deal number {n},Demo,2026-02-{n:02} 10:0{n % 10}\n" for n in range(1, 29))
    )
    monkeypatch.setattr(sys, "stdin", Typed("2\n"))
    code, out, err = shell("init", "deals.csv", "--to", "hubspot", "--sandbox")
    assert (code, "[2] America/New_York" in err) == (0, True)
    assert load_template("deals.yaml").timezone == "America/New_York"
    assert "time zone" not in out
    assert "  migrator sandbox hubspot   in another terminal" in out


def test_it_asks_which_dollar_it_is(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account's own comes first; the answer is the currency of all amounts."""
    write(PLAIN.replace("000.50", "000.50 $"))
    assert "000.50 $" in Path("deals.csv").read_text(encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", Typed("\n3\n" + "\n" * 9))
    code, out, err = shell("init", "deals.csv", "--to", "hubspot", "--sandbox")
    assert (code, "[1] USD" in err, "[3] AUD" in err) == (0, True, True)
    assert load_template("deals.yaml").field("currency").default == "AUD"
    assert "which currency" not in out
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    code, out, _ = shell("init", "deals.csv", "--to", "hubspot", "--sandbox", "--force")
    assert "which currency is it? USD, CAD" in " ".join(out.split())
    assert "currency" not in load_template("deals.yaml").fields


def test_it_asks_which_amount_it_is(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both sums are shown, and the answer is taken, however sure the guess was."""
    write(
        "id,name,stage,close date,Netto,Brutto\n"
        + "".join(f"K{n},Deal number {n},Demo,2026-02-{n:02},{n}.50,{n}.75\n" for n in range(1, 29))
    )
    for number in (1, 2):
        monkeypatch.setattr(sys, "stdin", Typed(f"{number}\n"))
        code, _, err = shell("init", "deals.csv", "--to", "hubspot", "--sandbox", "--force")
        assert (code, "Netto: 420 in all" in err, "Brutto: 427 in all" in err) == (0, True, True)
        (wanted,) = [name for name in ("Netto", "Brutto") if f"[{number}] {name}" in err]
        assert load_template("deals.yaml").field("amount").from_ == (wanted,)


def test_it_asks_for_a_key_where_there_is_none(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Enter leaves it open, and a check stops; columns that are chosen together are the key."""
    write(
        "name,stage,close date,amount\n"
        + "".join(f"Deal {n % 2},Demo,2026-02-{n:02},{n}.50\n" for n in range(1, 29))
    )
    monkeypatch.setattr(sys, "stdin", Typed("\n" * 9))
    code, out, err = shell("init", "deals.csv", "--to", "hubspot", "--sandbox")
    assert (code, "Which columns name a record?" in err) == (0, True)
    assert "no column names a record" in " ".join(out.split())
    code, _, err = shell("check", "deals.yaml", "deals.csv")
    assert (code, "lacks a column for key" in err) == (2, True)
    monkeypatch.setattr(sys, "stdin", Typed("2\n" + "\n" * 9))
    assert shell("init", "deals.csv", "--to", "hubspot", "--sandbox", "--force")[0] == 0
    parts = [part.from_ for part in load_template("deals.yaml").key.parts]
    assert parts == [("name",), ("close date",)]
    assert shell("check", "deals.yaml", "deals.csv")[0] == 0


def test_a_file_of_companies_is_told_from_deals(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal and off it; a program finds it among the questions."""
    write(
        "ID,NAME,EMPLOYEES,BILLINGCITY\n"
        + "".join(f"00{n}AB,Company number {n},{n * 170},Rome\n" for n in range(1, 29))
    )
    code, out, _ = shell("init", "deals.csv", "--to", "hubspot", "--sandbox", "--json")
    assert (code, "no file of deals" in json.loads(out)["questions"][0]) == (0, True)
    monkeypatch.setattr(sys, "stdin", Typed("\n" * 9))
    code, out, err = shell("init", "deals.csv", "--to", "hubspot", "--sandbox", "--force")
    assert (code, "This looks like no file of deals" in err) == (0, True)
    assert "looks like no file of deals" in out


def test_another_answer_gives_another_template(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second choice is taken where it is typed, and a field can be left out."""
    write("id,alpha,beta,Stage\n" + "".join(
        f"K{n},First text {n},Second text {n},Proposal\n" for n in range(1, 31)
    ))  # fmt: skip
    monkeypatch.setattr(sys, "stdin", Typed("2\n" + "\n" * 9))
    code, _, err = shell("init", "deals.csv", "--to", "hubspot", "--sandbox")
    assert (code, "Which column is the name of a deal?" in err) == (0, True)
    assert load_template("deals.yaml").field("name").from_ == ("beta",)
    monkeypatch.setattr(sys, "stdin", Typed("3\n" + "\n" * 9))
    assert shell("init", "deals.csv", "--to", "hubspot", "--sandbox", "--force")[0] == 0
    assert load_template("deals.yaml").field("name").from_ == ("id",)


def test_it_never_asks_when_told_so_or_without_a_terminal(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --no-input, with --json, or from a pipe: the guess stands, its questions as comments."""
    write(DOUBTFUL)
    for extra, terminal in (
        (("--no-input",), Typed()),
        (("--json",), Typed()),
        ((), io.StringIO()),
    ):
        monkeypatch.setattr(sys, "stdin", terminal)
        arguments = ("init", "deals.csv", "--to", "hubspot", "--sandbox", "--force", *extra)
        code, _, err = shell(*arguments)
        assert (code, err) == (0, "")
        assert "# QUESTION: when:" in Path("deals.yaml").read_text(encoding="utf-8")
    code, _, err = shell("check", "deals.yaml", "deals.csv")
    assert code == 2
    assert 'Column "how much" (amount) cannot be decided' in err


def test_it_is_among_the_commands() -> None:
    """`migrator --help` names it, and it can be called."""
    assert "init" in cli.list_commands(
        cli.make_context("migrator", ["--version"], resilient_parsing=True)
    )
