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


class TestHubSpotImports(TestHubSpot):
    """All changes that can go by a file go by one."""

    settings = {"via": "import"}  # noqa: RUF012


class TestHubSpotImportsOtherwise(TestHubSpotImports):
    """The other readings of what imports do."""

    options = {  # noqa: RUF012
        "import_columns_by": "order",
        "import_blank_clears": True,
        "import_bad_cell": "cell",
        "import_refuses_duplicates": False,
        "import_header_is_line": False,
        "import_local_time": True,
        "import_id_name": "importId",
        "import_zero_counters": True,
        "imports_at_once": 1,
    }
