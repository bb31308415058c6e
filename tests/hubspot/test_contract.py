"""HubSpot holds the contract of all vendors, whichever way its documentation is read."""

from tests.contract import VendorContract


class TestHubSpot(VendorContract):
    """Careful readings."""

    vendor_name = "hubspot"
    refused = {"dealstage": "no such stage"}  # noqa: RUF012  # typed by the base class
    create_paths = ("deals/batch/create",)
    name = {"firstname": "Ann"}  # noqa: RUF012
    lag = {"search_lag": 10.0}  # noqa: RUF012


class TestHubSpotOtherwise(TestHubSpot):
    """The other readings, by the paths of v3 and v4, linked by v1."""

    settings = {"api_version": "v3", "associations": "v1"}  # noqa: RUF012
    options = {  # noqa: RUF012
        "multi_status_update": False,
        "links_move_updated": True,
        "unknown_unlink": "refuse",
        "trace_id_echo": True,
        "unique_conflict_status": 409,
        "always_millis": True,
        "created_at_follows": True,
        "per_ten_seconds": 100,
    }
