"""The shipped templates: each one loads, and fits the headers of the layout it is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migrator import resources
from migrator.errors import TemplateError
from migrator.model import FIELDS
from migrator.prepare.binding import bind
from migrator.template import load_template, shipped
from migrator.template.locate import shipped_paths

if TYPE_CHECKING:
    from pathlib import Path

HUBSPOT = (
    "Record ID;Amount;Close Date;Create Date;Deal Description;Deal Name;Deal owner;"
    "Deal probability;Deal Stage;Pipeline;Associated Company;Associated Contact;"
    "Associated Company (Primary);Associated Company IDs"
)
PIPEDRIVE = (
    "Deal - ID;Deal - Title;Deal - Creator;Deal - Owner;Deal - Value;Deal - Currency of Value;"
    "Deal - Probability;Deal - Organization;Deal - Pipeline;Deal - Contact person;Deal - Stage;"
    "Deal - Status;Deal - Deal created;Deal - Won time;Deal - Lost time;Deal - Deal closed on;"
    "Deal - Lost reason;Deal - Expected close date"
)
PIPEDRIVE_DE = (
    "Deal - ID;Deal - Titel;Deal - Organisation;Deal - Wert;Deal - Verlustgrund;Deal - Besitzer;"
    "Deal - Deal erstellt;Deal - Datum des verlorenen Deals;Deal - Datum des gewonnenen Deals;"
    "Deal - Phase;Deal - Wahrscheinlichkeit;Deal - Pipeline"
)
PIPEDRIVE_PT = (
    "Negócio - ID;Negócio - Título;Negócio - Valor;Negócio - Etapa;Negócio - Funil;"
    "Negócio - Status;Negócio - Proprietário;Negócio - Organização;Negócio - Ganho em;"
    "Negócio - Data de perda;Negócio - Motivo da perda;Negócio - Data de fechamento esperada;"
    "Negócio - Negócio criado em"
)
PIPEDRIVE_FR = (
    "Affaire - ID;Affaire - Titre;Affaire - Valeur;Affaire - Organisation;Affaire - Étape;"
    "Affaire - Statut;Affaire - Affaire créée;Affaire - Date de gain;Affaire - Heure de l'échec;"
    "Affaire - Raison de la perte;Affaire - Date de clôture prévue"
)
SALESFORCE = (
    "ID;ISDELETED;ACCOUNTID;NAME;DESCRIPTION;STAGENAME;AMOUNT;PROBABILITY;EXPECTEDREVENUE;"
    "CLOSEDATE;TYPE;NEXTSTEP;LEADSOURCE;ISCLOSED;ISWON;OWNERID;CREATEDDATE;ORACLE_ID__C"
)
SALESFORCE_CASE = (
    "Id;IsDeleted;AccountId;Name;Description;StageName;Amount;Probability;CloseDate;NextStep;"
    "LeadSource;IsClosed;IsWon;OwnerId;CreatedDate"
)
REPORT = (
    "Opportunity Owner;Account Name;Opportunity Name;Stage;Fiscal Period;Amount Currency;Amount;"
    "Expected Revenue Currency;Expected Revenue;Probability (%);Age;Close Date;Created Date;"
    "Next Step;Lead Source;Type"
)
ZOHO = (
    "Record Id;Deal Owner.id;Deal Owner;Amount;Deal Name;Closing Date;Account Name.id;"
    "Account Name;Stage;Type;Probability (%);Lead Source;Created Time;Description;Contact Name;"
    "Pipeline;Reason For Loss"
)
DYNAMICS = (
    "(Do Not Modify) Opportunity;Topic;Potential Customer;Est. Close Date;Est. Revenue;"
    "Pipeline Phase;Status;Owner;Created On;Probability"
)
ACTIVECAMPAIGN = (
    "Pipeline;Stage;Deal title;Deal owner;Deal value;Deal currency;Deal description;Contact email"
)
BREVO = (
    "deal_id;associated_contact;associated_company;deal_name;deal_owner;amount;pipeline;"
    "deal_stage;close_date"
)
MIGRATOR = (
    "key;name;pipeline;stage;status;amount;currency;close_date;created_at;owner;description;"
    "probability;contacts;companies;custom.lost_reason;custom.Größe"
)
NOTES = "record;key;body;owner;created_at;deals;contacts;companies;deal_ids;custom.hs_x"
TASKS = (
    "record;key;title;body;kind;due_at;done;owner;created_at;deals;contacts;companies;deal_ids;"
    "contact_ids;updated_at"
)
PIPEDRIVE_NOTES = "Note - ID;Note - Content;Note - Deal ID;Note - User;Note - Add time"
SALESFORCE_NOTES = "ID;ISDELETED;PARENTID;TITLE;ISPRIVATE;BODY;OWNERID;CREATEDDATE"
HUBSPOT_NOTES = "Record ID;Note body;Activity date;Activity assigned to;Associated Deal IDs"
ZOHO_NOTES = (
    "Record Id;Created Time;Note Content;Note Owner.id;Note Owner;Note Title;Parent ID.id;Parent ID"
)
MAVEN = "opportunity_id;sales_agent;product;account;deal_stage;engage_date;close_date;close_value"
OPPORTUNITIES = (
    "opportunity_id;account_name;segment;region;product;lead_source;owner;created_date;"
    "close_date;stage;amount;loss_reason"
)
REVOPS = (
    "id;name;account_name;owner_name;segment;amount;stage;probability;close_date;created_date;"
    "next_step"
)

LAYOUTS = [
    ("hubspot", HUBSPOT, {"currency"}),
    ("pipedrive", PIPEDRIVE, {"contacts"}),
    ("pipedrive", PIPEDRIVE_DE, {"status", "currency", "contacts"}),
    ("pipedrive", PIPEDRIVE_PT, {"currency", "contacts", "probability"}),
    ("pipedrive", PIPEDRIVE_FR, {"currency", "contacts", "probability", "owner"}),
    ("salesforce", SALESFORCE, {"currency", "owner", "companies"}),
    ("salesforce", SALESFORCE_CASE, {"currency", "owner", "companies"}),
    ("salesforce_report", REPORT, {"description"}),
    ("zoho", ZOHO, {"currency", "contacts"}),
    ("dynamics365", DYNAMICS, {"currency", "description", "contacts"}),
    ("activecampaign", ACTIVECAMPAIGN, {"status", "close_date", "created_at", "companies"}),
    ("brevo", BREVO, {"created_at"}),
    ("migrator", MIGRATOR, set()),
    ("notes", NOTES, set()),
    ("tasks", TASKS, set()),
    ("pipedrive_notes", PIPEDRIVE_NOTES, set()),
    ("salesforce_notes", SALESFORCE_NOTES, {"owner"}),
    ("hubspot_notes", HUBSPOT_NOTES, set()),
    ("zoho_notes", ZOHO_NOTES, set()),
    ("maven", MAVEN, set()),
    ("opportunities", OPPORTUNITIES, set()),
    ("revops", REVOPS, set()),
]


@pytest.mark.parametrize("name", list(shipped_paths()))
def test_each_shipped_template_loads_and_says_what_it_is_for(name: str) -> None:
    """A template that is shipped is valid, named as its file, and described."""
    template = load_template(name)
    assert template.name == name
    assert template.description
    assert template.field(FIELDS[template.object][0]).required


@pytest.mark.parametrize(("name", "headers", "absent"), LAYOUTS)
def test_it_fits_the_headers_of_its_layout(name: str, headers: str, absent: set[str]) -> None:
    """Every field finds its column, but for those that this layout is known not to have."""
    binding = bind(load_template(name), headers.split(";"))
    template = load_template(name)
    found = {bound.name for bound in binding.fields}
    expected = {field for field in template.fields if not field.endswith("*")} - absent
    assert expected <= found
    assert not absent & found
    assert binding.key


def test_the_list_of_shipped_templates_is_complete() -> None:
    """All the sources that are promised are there."""
    promised = {name for name, _, _ in LAYOUTS}
    assert set(shipped()) == promised


def test_wildcard_takes_every_custom_column_by_its_name() -> None:
    """The toolkit's own export keeps all fields of the target, whatever they are called."""
    binding = bind(load_template("migrator"), MIGRATOR.split(";"))
    names = {bound.name for bound in binding.fields}
    assert {"custom.lost_reason", "custom.Größe"} <= names


@pytest.mark.parametrize("name", list(shipped_paths()))
def test_stages_to_create_can_say_how_a_deal_ends(name: str) -> None:
    """A pipeline that a template creates names its default pipeline, and its labels are unique."""
    template = load_template(name)
    for pipeline in template.create.pipelines:
        labels = [stage.label for stage in pipeline.stages]
        assert len(labels) == len(set(labels))
        assert pipeline.label == template.field("pipeline").default
    created = {f"custom.{field.name}" for field in template.create.fields}
    assert created <= set(template.fields)


def test_an_installed_package_brings_its_templates_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inside a wheel the templates are in the package, and that folder goes first."""
    package = tmp_path / "migrator"
    (package / "_templates").mkdir(parents=True)
    (package / "_templates" / "mine.yaml").touch()
    monkeypatch.setattr(resources, "_PACKAGE", package)
    assert shipped_paths() == {"mine": package / "_templates" / "mine.yaml"}
    assert resources.sample_data() == tmp_path / "sample_data"


def test_a_folder_named_like_a_template_does_not_hide_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name means the shipped template unless a file has it; a checkout has a folder migrator."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "migrator").mkdir()
    (tmp_path / "pipedrive").write_text("name: mine\nkey: {from: id}\nfields: {name: {from: t}}\n")
    (tmp_path / "mine").mkdir()
    assert load_template("migrator").name == "migrator"
    assert load_template("pipedrive").name == "mine"
    with pytest.raises(TemplateError, match="mine: the template cannot be read"):
        load_template("mine")
