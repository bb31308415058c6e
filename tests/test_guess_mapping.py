"""What every shipped sample and every real file is mapped to, by layout and by headers alone.

The real files are not part of this project; where they are absent their rows are skipped.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, NamedTuple

import pytest

from migrator.resources import sample_data
from tests.guesses import drafted
from tests.support import SHARED

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.guess.draft import Draft

DATASETS = SHARED / "datasets"


class Expected(NamedTuple):
    """Columns of a file by field; several = all of them; blank = the file has none.

    ``others`` are columns that a person could take just as well, by field.
    """

    file: str
    template: str
    name: str
    amount: str
    close_date: str
    stage: str
    owner: str
    others: dict[str, str] = {}  # noqa: RUF012 - a tuple's default is not changed

    def of(self, field: str) -> str:
        """The columns of a field."""
        return str(getattr(self, field))


FIELDS = ("name", "amount", "close_date", "stage", "owner")
MAVEN = ("product + account", "close_value", "close_date", "deal_stage", "sales_agent")
DATED = "Deal - Won time + Deal - Lost time + Deal - Expected close date"
PIPEDRIVE = ("Deal - Title", "Deal - Value", DATED, "Deal - Stage", "Deal - Owner")
SALESFORCE = ("Name", "Amount", "CloseDate", "StageName")
LOADER = ("NAME", "AMOUNT", "CLOSEDATE", "STAGENAME", "OWNERID")
REPORT = ("Opportunity Name", "Amount", "Close Date", "Stage", "Opportunity Owner")
HUBSPOT = ("Deal Name", "Amount", "Close Date", "Deal Stage", "Deal owner")
ZOHO = ("Deal Name", "Amount", "Closing Date", "Stage", "Deal Owner")
EXPECTED_CLOSE = {"close_date": "Deal - Expected close date"}

SAMPLES = [
    Expected("pipedrive_deals.csv", "pipedrive", *PIPEDRIVE, EXPECTED_CLOSE),
    Expected("pipedrive_undecided.csv", "pipedrive", *PIPEDRIVE, EXPECTED_CLOSE),
    Expected("hubspot_deals.csv", "hubspot", *HUBSPOT),
    Expected("salesforce_opportunities.csv", "salesforce", *LOADER),
    Expected("salesforce_report.csv", "salesforce_report", *REPORT),
    Expected("zoho_deals.csv", "zoho", *ZOHO),
    Expected(
        "dynamics365_opportunities.xlsx",
        "dynamics365",
        "Topic",
        "Actual Revenue + Est. Revenue",
        "Actual Close Date + Est. Close Date",
        "Pipeline Phase",
        "Owner",
        {"amount": "Actual Revenue", "close_date": "Actual Close Date"},
    ),
    Expected(
        "activecampaign_deals.csv",
        "activecampaign",
        "Deal title",
        "Deal value",
        "",
        "Stage",
        "Deal owner",
    ),
    Expected(
        "brevo_deals.csv", "brevo", "deal_name", "amount", "close_date", "deal_stage", "deal_owner"
    ),
    Expected(
        "migrator_deals.parquet", "migrator", "name", "amount", "close_date", "stage", "owner"
    ),
]
REAL = [
    Expected("maven_crm/sales_pipeline.csv", "maven", *MAVEN),
    Expected("maven_crm/sales_pipeline.us_dates.csv", "maven", *MAVEN),
    Expected("maven_crm_eu_dates/sales_pipeline.eu_dates.csv", "maven", *MAVEN),
    Expected(
        "revops_skills_mit/opportunities.csv",
        "revops",
        "name",
        "amount",
        "close_date",
        "stage",
        "owner_name",
    ),
    Expected("salesforce_dataloader_samples/opportunityData.csv", "salesforce", *LOADER),
    Expected("salesforce_genai_demo_bsd/Opportunity.csv", "salesforce", *SALESFORCE, "OwnerId"),
    Expected("salesforce_powerbi_mit/Opportunity.csv", "salesforce", *SALESFORCE, ""),
    Expected(
        "sf_style_6000_mit/opportunities.csv",
        "opportunities",
        "product + account_name",
        "amount",
        "close_date",
        "stage",
        "owner",
    ),
]


def path_of(expected: Expected) -> Path:
    """Where the file is; skips the test where it is not."""
    folder = sample_data() if expected in SAMPLES else DATASETS
    path = folder / expected.file
    if not path.is_file():
        pytest.skip(f"the real file is absent: {expected.file}")
    return path


def mapped(draft: Draft) -> dict[str, str]:
    """Field to its columns, as a person would write them down."""
    return {field: " + ".join(draft.matching.columns(field)) for field in FIELDS}


def wrong(expected: Expected, found: dict[str, str], *, strict: bool) -> dict[str, str]:
    """The fields that are given by other columns than expected."""
    return {
        field: columns
        for field, columns in found.items()
        if columns != expected.of(field)
        and (strict or columns != expected.others.get(field, expected.of(field)))
    }


@pytest.mark.parametrize("expected", SAMPLES + REAL, ids=lambda each: each.file)
def test_each_file_is_mapped_as_a_person_would(expected: Expected, tmp_path: Path) -> None:
    """Name, amount, close date, stage and owner are right in every file that has them."""
    draft = drafted(tmp_path, path_of(expected))
    assert draft.matching.layout
    assert draft.matching.layout.template.name == expected.template
    assert wrong(expected, mapped(draft), strict=True) == {}


@pytest.mark.parametrize("expected", SAMPLES + REAL, ids=lambda each: each.file)
def test_headers_and_values_alone_find_the_same(expected: Expected, tmp_path: Path) -> None:
    """Without the shipped templates, as for a layout nobody has seen, all cells are right too."""
    draft = drafted(tmp_path, path_of(expected), layouts=False)
    assert draft.matching.layout is None
    assert wrong(expected, mapped(draft), strict=False) == {}


# -- layouts that nobody has seen ------------------------------------------------------------------

RENAMED = {
    "German": (
        "hubspot_deals.csv",
        {
            "Record ID": "Datensatz-ID",
            "Deal Name": "Bezeichnung",
            "Deal Stage": "Verkaufsphase",
            "Close Date": "Voraussichtl. Abschlussdatum",
            "Deal owner": "Zuständiger Vertriebsmitarbeiter",
            "Amount": "Auftragswert (EUR)",
            "Create Date": "Angelegt am",
            "Deal Description": "Bemerkungen",
            "Pipeline": "Vertriebspipeline",
            "Associated Company": "Firma",
            "Associated Contact": "Ansprechpartner",
        },
    ),
    "French": (
        "zoho_deals.csv",
        {
            "Record Id": "Identifiant",
            "Deal Owner": "Propriétaire de l'affaire",
            "Amount": "Montant HT",
            "Deal Name": "Nom de l'affaire",
            "Closing Date": "Date de clôture",
            "Account Name": "Nom du compte",
            "Stage": "Étape de vente",
            "Created Time": "Créée le",
            "Probability (%)": "Probabilité (%)",
            "Description": "Commentaires",
            "Pipeline": "Entonnoir",
        },
    ),
    "Spanish": (
        "pipedrive_deals.csv",
        {
            "Deal - ID": "Trato - Número",
            "Deal - Title": "Trato - Título",
            "Deal - Owner": "Trato - Propietario",
            "Deal - Value": "Trato - Importe",
            "Deal - Currency of Value": "Trato - Moneda",
            "Deal - Organization": "Trato - Organización",
            "Deal - Pipeline": "Trato - Embudo",
            "Deal - Stage": "Trato - Etapa",
            "Deal - Status": "Trato - Estado",
            "Deal - Deal created": "Trato - Fecha de creación",
            "Deal - Expected close date": "Trato - Fecha prevista de cierre",
            "Deal - Won time": "Trato - Ganado el",
            "Deal - Lost time": "Trato - Perdido el",
            "Deal - Update time": "Trato - Modificado el",
        },
    ),
    "Portuguese": (
        "salesforce_report.csv",
        {
            "Opportunity Owner": "Responsável",
            "Account Name": "Nome da conta",
            "Opportunity Name": "Nome da oportunidade",
            "Stage": "Fase",
            "Amount": "Valor total",
            "Amount Currency": "Moeda",
            "Close Date": "Data de fechamento",
            "Created Date": "Data de criação",
            "Expected Revenue": "Receita esperada",
            "Probability (%)": "Probabilidade",
        },
    ),
    "Italian": (
        "salesforce_opportunities.csv",
        {
            "ID": "Codice",
            "NAME": "Nome trattativa",
            "STAGENAME": "Fase di vendita",
            "AMOUNT": "Importo",
            "CLOSEDATE": "Data chiusura prevista",
            "CREATEDDATE": "Data creazione",
            "DESCRIPTION": "Note",
            "PROBABILITY": "Probabilità",
            "OWNERID": "ID proprietario",
        },
    ),
    "Dutch": (
        "brevo_deals.csv",
        {
            "deal_id": "kenmerk",
            "deal_name": "onderwerp",
            "deal_owner": "verkoper",
            "amount": "bedrag",
            "pipeline": "pijplijn",
            "deal_stage": "verkoopfase",
            "close_date": "verwachte_sluitingsdatum",
            "created_at": "aangemaakt_op",
            "associated_contact": "contactpersoon",
            "associated_company": "bedrijf",
        },
    ),
    "a database": (
        "hubspot_deals.csv",
        {
            "Record ID": "oppty_uid",
            "Deal Name": "opptyTitle",
            "Deal Stage": "sales_stage_nm",
            "Close Date": "est_close_dt",
            "Deal owner": "acct_exec",
            "Amount": "totalContractAmount",
            "Create Date": "dateCreated",
            "Pipeline": "funnel",
            "Associated Company": "customer_name",
            "Associated Contact": "contact_email_addr",
        },
    ),
    "a spreadsheet": (
        "activecampaign_deals.csv",
        {
            "Deal ID": "No.",
            "Deal title": "Project title",
            "Stage": "Current stage",
            "Deal owner": "Sales person",
            "Deal value": "Value ($)",
            "Deal currency": "Curr.",
            "Contact email": "Customer e-mail",
        },
    ),
    "no headers to speak of": (
        "zoho_deals.csv",
        {
            "Record Id": "A",
            "Deal Owner": "D",
            "Amount": "E",
            "Deal Name": "F",
            "Closing Date": "G",
            "Stage": "I",
            "Created Time": "J",
        },
    ),
}


def renamed(folder: Path, sample: str, names: dict[str, str]) -> Path:
    """A copy of a sample with other headers."""
    known = {each.file: each for each in SAMPLES}[sample]
    encoding = "cp1252" if known.template == "salesforce_report" else "utf-8-sig"
    text = (sample_data() / sample).read_text(encoding=encoding)
    header, _, body = text.partition("\n")
    delimiter = ";" if header.count(";") > header.count(",") else ","
    cells = next(csv.reader([header], delimiter=delimiter))
    lacking = set(names) - set(cells)
    assert not lacking
    line = delimiter.join(f'"{names.get(cell, cell)}"' for cell in cells)
    path = folder / sample
    path.write_text(f"{line}\n{body}", encoding="utf-8")
    return path


@pytest.mark.parametrize("layout", RENAMED)
def test_a_layout_nobody_has_seen(layout: str, tmp_path: Path) -> None:
    """Renamed and translated headers lead to the same columns, with and without templates."""
    sample, names = RENAMED[layout]
    expected = {each.file: each for each in SAMPLES}[sample]
    path = renamed(tmp_path, sample, names)
    for layouts in (True, False):
        found = mapped(drafted(tmp_path / str(layouts), path, layouts=layouts))
        right = [field for field in FIELDS if _same(expected, names, field, found[field])]
        assert right == list(FIELDS), found


def _same(expected: Expected, names: dict[str, str], field: str, found: str) -> bool:
    wanted = {expected.of(field), expected.others.get(field, expected.of(field))}
    each = {" + ".join(names.get(part, part) for part in text.split(" + ")) for text in wanted}
    return found in each
