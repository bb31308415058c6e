"""What a file does not say is completed: key, name, pipeline, stages, owners, options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from migrator.guess.draft import Target, draft
from migrator.guess.matching import match_columns
from migrator.guess.scoring import percent
from migrator.guess.writing import as_yaml
from migrator.model import FieldInfo, NewField, Owner, Stage
from tests.guesses import (
    ROWS,
    SALES,
    account,
    columns,
    cycle,
    drafted,
    field,
    of,
    seen,
    source,
    targets,
)

if TYPE_CHECKING:
    from pathlib import Path

USERS = [
    Owner("1", "ann@crm.example", "Ann Bell"),
    Owner("2", "bob@crm.example", "Bob Cole"),
    Owner("3", "eve@crm.example", "Eve Gone", active=False),
]


# -- names --------------------------------------------------------------------------------------

PRODUCTS = cycle("Pump", "Hose")
COMPANIES = cycle("Acme", "Bolt", "Cone", "Dune", "Echo", "Fern")


@pytest.mark.parametrize(
    ("more", "name", "separator"),
    [
        ({"product": PRODUCTS, "company": COMPANIES}, ("product", "company"), " for "),
        ({"product": PRODUCTS}, ("product", "id"), " "),
        ({"company": COMPANIES}, ("company", "id"), " "),
        ({}, ("id",), " "),
    ],
)
def test_a_missing_name_is_made_of_telling_columns(
    more: dict[str, Any], name: tuple[str, ...], separator: str, tmp_path: Path
) -> None:
    """The product for the company; else what there is with the key, so that names differ."""
    made = of(tmp_path, without="deal name", **more)
    spec = field(made, "name").spec
    assert tuple(spec["from"]) == name
    assert (spec["pick"], spec["separator"]) == ("join", separator)


# -- pipelines and stages --------------------------------------------------------------------------


def test_a_pipeline_that_has_the_stages_is_taken(tmp_path: Path) -> None:
    """The stages seen are those of the account's pipeline: nothing is created."""
    crm = account({"Other": [Stage("9", "New")], **SALES})
    made = of(tmp_path, crm, stage=cycle("demo", "PROPOSAL", "won"))
    assert field(made, "pipeline").spec == {"default": "Sales"}
    assert targets(made.sheets["stage"]) == {"demo": "Demo", "PROPOSAL": "Proposal", "won": "Won"}
    assert targets(made.sheets["status"]) == {"demo": "open", "PROPOSAL": "open", "won": "won"}
    assert made.places.create == ()


def test_else_a_new_one_is_made_of_the_stages_seen(tmp_path: Path) -> None:
    """Open stages by the mean probability of their deals, then won and lost; no label is taken."""
    made = of(
        tmp_path,
        account({"Imported deals": [Stage("1", "X")]}),
        stage=cycle("Verbal", "Closed Lost", "Kick-off", "Closed Won"),
        probability=cycle("80", "0", "20", "100"),
    )
    (new,) = made.places.create
    assert new.label == "Imported deals (imported)"
    assert field(made, "pipeline").spec == {"default": new.label}
    assert [(s.label, s.status.value, s.probability) for s in new.stages] == [
        ("Kick-off", "open", "0.2"),
        ("Verbal", "open", "0.8"),
        ("Closed Won", "won", "1.0"),
        ("Closed Lost", "lost", "0.0"),
    ]


def test_where_nobody_creates_pipelines_the_account_has_to_do(tmp_path: Path) -> None:
    """Won deals go into the only stage for them; what is open has a hint and no target."""
    made = of(
        tmp_path,
        account(SALES),
        creates=False,
        stage=cycle("Negotiation/Review", "Closed Won", "Prospecting", "Xyz"),
    )
    assert field(made, "pipeline").spec == {"default": "Sales"}
    assert "lets nobody but a person create" in made.places.reason
    lines = {line.source: line for line in made.sheets["stage"]}
    assert lines["Closed Won"].target == "Won"
    assert (lines["Negotiation/Review"].target, lines["Prospecting"].target) == ("", "")
    assert lines["Negotiation/Review"].candidate == "Proposal"
    assert (lines["Prospecting"].candidate, lines["Xyz"].candidate) == ("Demo", "")
    assert made.places.create == ()
    notes = " ".join(field(made, "stage").notes)
    assert notes.startswith("no target yet for 3 values, in 45 of the records: ")


def test_pipelines_of_the_file_are_found_or_made(tmp_path: Path) -> None:
    """Each by its label; a stage that is similar is left to a person, a slip is not created."""
    made = of(
        tmp_path,
        account(SALES),
        pipeline=["SALES"] * 30 + ["Partners"] * 29 + ["Slip"],
        stage=(["Demo", "Proposals", "Signature"] * 10 + ["Talk", "Deal won"] * 15)[:ROWS],
    )
    assert targets(made.sheets["pipeline"]) == {
        "SALES": "Sales",
        "Partners": "Partners",
        "Slip": "",
    }
    stages = {(line.pipeline, line.source): line.target for line in made.sheets["stage"]}
    assert stages["SALES", "Demo"] == "Demo"
    assert stages["SALES", "Signature"] == "Signature"
    assert stages["SALES", "Proposals"] == "Proposal"
    assert stages["Partners", "Talk"] == "Talk"
    assert not any(pipeline == "Slip" for pipeline, _ in stages)
    created = {new.label: [stage.label for stage in new.stages] for new in made.places.create}
    assert created == {"Sales": ["Signature"], "Partners": ["Talk", "Deal won"]}


def test_a_rare_misspelling_makes_no_stage(tmp_path: Path) -> None:
    """It is mapped to the stage that it surely means; what is like no other becomes one."""
    made = of(tmp_path, stage=["Negotiation", "Kick-off"] * 29 + ["Negotiatoin", "Legal"])
    (new,) = made.places.create
    assert [stage.label for stage in new.stages] == ["Kick-off", "Legal", "Negotiation"]
    lines = {line.source: line for line in made.sheets["stage"]}
    slip = lines["Negotiatoin"]
    assert (slip.target, slip.candidate, slip.score < 1) == ("Negotiation", "Negotiation", True)
    assert lines["Legal"].target == "Legal"


def test_names_of_contacts_are_said_to_be_of_no_use(tmp_path: Path) -> None:
    """Contacts are found by address; the column of their names is left out, and why is said."""
    made = of(tmp_path, contact_person=cycle("Jo Bell", "Al Cole", "Mo Dunn"))
    assert made.matching.match("contacts") is None
    assert "contact person" in {column.name for column in made.matching.unmapped}
    assert "by which contacts are found" in as_yaml(made, "t", ["deals.csv"], None)


def test_a_status_of_the_file_asks_for_stages_to_end_in(tmp_path: Path) -> None:
    """A new pipeline whose stages are all open gets one for won and one for lost deals."""
    made = of(
        tmp_path,
        stage=cycle("1-Qualify", "2-Develop"),
        status=cycle("Open", "Gewonnen", "weg", "verloren", "Open", "Open"),
    )
    (new,) = made.places.create
    assert [stage.label for stage in new.stages] == ["Qualify", "Develop", "Won", "Lost"]
    assert targets(made.sheets["stage"]) == {"1-Qualify": "Qualify", "2-Develop": "Develop"}
    assert targets(made.sheets["status"])["Gewonnen"] == "won"
    assert targets(made.sheets["status"])["weg"] == ""
    crm = account({"Imported": [Stage("1", "Qualify"), Stage("2", "Develop")]})
    stages = cycle("Qualify", "Develop")
    home = of(tmp_path / "again", crm, stage=stages, status=cycle("open", "won"))
    assert [stage.label for new in home.places.create for stage in new.stages] == ["Won"]


def test_a_file_without_stages_takes_the_account_as_it_is(tmp_path: Path) -> None:
    """Then the first pipeline is the default, and nothing is mapped."""
    made = of(tmp_path, account(SALES), without="stage")
    assert field(made, "pipeline").spec == {"default": "Sales"}
    assert "stage" not in made.sheets
    assert made.places.reason == "the file names neither pipeline nor stage"


# -- owners and fields of the account --------------------------------------------------------------


def test_owners_that_the_account_has_are_filled_in(tmp_path: Path) -> None:
    """By name or address, active ones only; with each its records and its money."""
    made = of(
        tmp_path,
        account(SALES, USERS),
        owner=cycle("Ann Bell", "Bob Cole", "Ann Bell", "Eve Gone", "Bob Cole", "Ann Bell"),
        currency=cycle("EUR", "usd"),
    )
    ann = made.sheets["owner"][0]
    assert (ann.source, ann.target, ann.rows) == ("Ann Bell", "ann@crm.example", 30)
    assert ann.amount == "570 EUR; 325 USD"
    assert targets(made.sheets["owner"])["Eve Gone"] == ""
    assert field(made, "owner").match.doubt == ""
    assert field(made, "owner").spec["values_file"] == "values/owner.csv"


def test_owners_that_nobody_knows_wait_and_are_kept_as_a_text(tmp_path: Path) -> None:
    """The field is a comment until the map is filled in; the names are not lost meanwhile."""
    made = of(tmp_path, account(SALES, USERS), sales_rep=cycle("Zed Yule", "Xan Webb", "Vic Udal"))
    assert "3 of 3 are no users of the account" in field(made, "owner").match.doubt
    assert field(made, "custom.sales_rep").spec == {"from": ["sales rep"]}
    assert NewField("sales_rep", "Sales rep") in made.create
    german = of(tmp_path / "de", account(SALES, USERS), Zuständig=cycle("Zed Yule", "Xan Webb"))
    assert NewField("zustandig", "Zuständig") in german.create
    assert set(targets(made.sheets["owner"]).values()) == {""}


def test_owners_by_id_wait_even_where_no_account_is_known(tmp_path: Path) -> None:
    """An id means nothing in another CRM; addresses are taken as they are."""
    made = of(tmp_path, owner_id=cycle("005xx0000012345", "005xx0000067890"))
    assert "ids and no addresses" in field(made, "owner").match.doubt
    made = of(tmp_path / "addresses", owner=cycle("a@x.example", "b@x.example"))
    assert field(made, "owner").spec == {"from": ["owner"]}
    assert "owner" not in made.sheets


def test_columns_called_as_fields_of_the_account_are_loaded_into_them(tmp_path: Path) -> None:
    """By label or name, if the field can be written and takes such values; options are mapped."""
    fields = [
        FieldInfo("tier", "Customer tier", "choice", {"a": "Gold plan", "b": "Silver plan"}),
        FieldInfo("renewal", "Renewal date", "date"),
        FieldInfo("seats", "Seats", "number"),
        FieldInfo("strategic", "Strategic", "bool"),
        FieldInfo("score", "Score", "number", read_only=True),
        FieldInfo("dealname", "Deal name", "text"),
        FieldInfo("colour", "Inner colour", "number"),
    ]
    made = of(
        tmp_path,
        account(SALES, fields=fields),
        Customer_Tier=cycle("gold plan", "Platinum"),
        renewal_date=[f"{n % 28 + 1:02}.02.2027" for n in range(ROWS)],
        seats=cycle("10", "20", "30"),
        strategic=cycle("yes", "no"),
        score=cycle("1", "2"),
        inner_colour=cycle("red", "blue"),
    )
    custom = {each.match.field: each.spec for each in made.fields if "custom." in each.match.field}
    assert custom == {
        "custom.tier": {"from": ["Customer Tier"], "values_file": "values/custom.tier.csv"},
        "custom.renewal": {
            "from": ["renewal date"],
            "transform": ["date"],
            "date_formats": ["%d.%m.%Y"],
        },
        "custom.seats": {"from": ["seats"], "transform": ["number"]},
        "custom.strategic": {"from": ["strategic"], "transform": ["boolean"]},
    }
    assert targets(made.sheets["custom.tier"]) == {"gold plan": "Gold plan", "Platinum": ""}
    assert made.create == ()
    assert {column.name for column in made.matching.unmapped} == {"score", "inner colour"}


def test_usual_fields_are_created_where_the_account_lacks_them(tmp_path: Path) -> None:
    """Lead source and the like become texts of the target's own, if it has no such field."""
    has = account(SALES, fields=[FieldInfo("lead_source", "Source of the lead", "text")])
    reasons = cycle("Price", "Silence")
    for crm, wanted in ((None, 2), (has, 1)):
        made = of(
            tmp_path / str(wanted), crm, lead_source=cycle("Web", "Fair"), lost_reason=reasons
        )
        assert len(made.create) == wanted
        assert NewField("lost_reason", "Lost reason") in made.create


# -- how values are written ------------------------------------------------------------------------


def test_fields_say_how_their_values_are_to_be_read(tmp_path: Path) -> None:
    """Decimal mark and formats with their evidence, fractions, fine amounts, texts for blanks."""
    made = of(
        tmp_path,
        amount=[f"{n},{n % 9 + 1}{n % 7 + 1}1" for n in range(ROWS)],
        close_date=[f"{n % 28 + 1}.2.27" for n in range(ROWS)],
        created_at=[f"{n % 28 + 1:02}/02/2026 10:30" for n in range(ROWS)],
        probability=cycle("0.2", "0.5", "1"),
        lead_source=cycle("N/A", "Web", "Web"),
        contact=cycle(*(f"Jo {n} <jo{n}@x.example>" for n in range(30))),
        company=cycle(*(f"firm-{n}.example" for n in range(20))),
    )
    spec = {each.match.field: each.spec for each in made.fields}
    assert spec["amount"]["transform"] == [{"money": {"places": "6"}}]
    assert spec["amount"]["decimal"] == ","
    assert spec["close_date"]["date_formats"] == ["%d.%m.%y"]
    assert spec["created_at"]["date_formats"] == ["%d/%m/%Y %H:%M"]
    assert spec["probability"]["transform"] == [{"percent": {"fraction": "true"}}]
    assert spec["contacts"]["on_missing"] == spec["companies"]["on_missing"] == "create"
    assert "replace_pattern" in spec["contacts"]["transform"][0]
    assert spec["companies"]["transform"] == ["lower", "split"]
    assert made.missing == ("N/A",)
    assert (made.zoneless, made.zone) == (("created at",), "")
    assert made.undecided == ()


def test_columns_of_one_header_are_told_apart(tmp_path: Path) -> None:
    """A template can name the first of them only; the other is not matched at all."""
    path = tmp_path / "deals.csv"
    rows = "".join(f"K{n};Deal number {n};{n};{n * 2};Demo\n" for n in range(ROWS))
    path.write_text(f"id;name;AMOUNT;amount;stage\n{rows}")
    made = drafted(tmp_path / "seen", path, layouts=False)
    assert made.matching.columns("amount") == ("AMOUNT",)
    assert [column.name for column in made.matching.unmapped] == ["amount"]


def test_a_blank_column_is_matched_by_its_header_alone(tmp_path: Path) -> None:
    """It may be filled in the next file; its header is all that speaks for it."""
    made = of(tmp_path, description=[""] * ROWS)
    match = made.matching.match("description")
    assert match is not None
    assert match.reasons[-1] == "it is blank"
    assert not match.sure


def test_matching_can_be_changed(tmp_path: Path) -> None:
    """A column that somebody gives to a field is taken from the one that had it."""
    profile = seen(tmp_path / "seen", source(tmp_path, columns()))
    matching = match_columns(profile, layouts=False)
    amount = matching.match("amount")
    assert amount is not None
    taken = matching.with_match(type(amount)("probability", ("amount",), 1.0, ("told",)))
    assert taken.match("amount") is None
    assert taken.without("probability").match("probability") is None
    assert draft(taken, Target()).matching.columns("probability") == ("amount",)


def test_shares_are_never_said_to_be_all_where_one_is_missing() -> None:
    """A share that is nearly everything, or nearly nothing, is not rounded to it."""
    assert [percent(share) for share in (0, 0.00001, 0.5, 0.99999, 1)] == [
        "0 %",
        "0.1 %",
        "50 %",
        "99.9 %",
        "100 %",
    ]
