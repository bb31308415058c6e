"""ActiveCampaign holds the contract of all vendors, whichever way its documentation is read."""

from tests.contract import VendorContract


class TestActiveCampaign(VendorContract):
    """Careful readings."""

    vendor_name = "activecampaign"
    refused = {"stage": "4711"}  # noqa: RUF012  # typed by the base class
    create_paths = ("/deals",)
    settings = {"default_contact": "nobody@example.com"}  # noqa: RUF012
    name = {"firstName": "Ann"}  # noqa: RUF012
    never_blank = ("value", "owner")
    lag = {"read_lag": 3.0}  # noqa: RUF012
    companies_of_a_deal = 1


class TestActiveCampaignOtherwise(TestActiveCampaign):
    """The other readings, with the vendor's bad days among them."""

    settings = {  # noqa: RUF012
        **TestActiveCampaign.settings,
        "custom_fields": "include",
        "zero_decimal": "units",
    }
    options = {  # noqa: RUF012
        "deal_errors": "attributes",
        "existing_datum": "second_row",
        "blank_value": "refused",
        "parent_taken_by": "blank",
        "contact_deleted": "deals_go",
        "links_touch_mdate": True,
        "order_by_id": False,
        "limits": False,
        "stubs": 3,
        "task_read_status": 200,
    }
    in_order = False
