"""Brevo holds the contract of all vendors, whichever way its documentation is read."""

from tests.contract import VendorContract


class TestBrevo(VendorContract):
    """Careful readings."""

    vendor_name = "brevo"
    refused = {"deal_stage": "no such stage"}  # noqa: RUF012  # typed by the base class
    create_paths = ("crm/deals", "crm/deals/import")
    options = {"pipelines": {"Renewals": ["Due", "Won", "Lost"]}}  # noqa: RUF012
    name = {"FIRSTNAME": "Ann"}  # noqa: RUF012
    lag = {"list_lag": 10.0}  # noqa: RUF012


class TestBrevoOtherwise(TestBrevo):
    """The other readings: other names in files, hidden processes, small pages."""

    settings = {  # noqa: RUF012
        "associated_contact": "email",
        "associated_company": "name",
        "associated_separator": ";",
        "import_stage": "name",
        "page": "7",
        "plan": "extended",
    }
    options = {  # noqa: RUF012
        **TestBrevo.options,
        "associated_format": "email",
        "associated_separator": ";",
        "import_stage_as": "name",
        "process_visible": False,
        "null_unsets": False,
        "links_move_updated": True,
        "max_page": 50,
        "limits": False,
    }
