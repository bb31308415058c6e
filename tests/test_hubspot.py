"""HubSpot holds the contract of all vendors, whichever way its documentation is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import httpx
import pytest

from migrator.vendors.registry import product
from migrator.wire import Fault, Faulty, connect
from tests.contract import Opener, VendorContract

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.vendors.base import Vendor
    from tests.virtual_time import VirtualClock


class TestHubSpot(VendorContract):
    """Careful readings."""

    refused = {"dealstage": "no such stage"}  # noqa: RUF012  # typed by the base class
    create_path = "deals/batch/create"
    settings: ClassVar[Mapping[str, str]] = {}
    options: ClassVar[Mapping[str, Any]] = {}

    @pytest.fixture
    def open_vendor(self, clock: VirtualClock) -> Opener:
        """Connects to one sandbox."""
        hubspot = product("hubspot").configure(self.settings)
        sandbox = hubspot.sandbox(now=clock.now, clock=clock.monotonic, **self.options)

        def open_vendor(faults: Callable[[httpx.Request], Fault | None] | None = None) -> Vendor:
            network = httpx.MockTransport(sandbox.handle)
            transport = Faulty(network, faults or (lambda _: None), clock)
            client = connect(hubspot, "pat-1", str(hubspot.base_url), clock, transport=transport)
            return hubspot.connect(client, clock)

        return open_vendor


class TestHubSpotOtherwise(TestHubSpot):
    """The other readings, by the paths of v3 and v4, linked by v1."""

    settings = {"api_version": "v3", "associations": "v1"}  # noqa: RUF012  # as above
    options = {  # noqa: RUF012  # typed by the base class
        "multi_status_update": False,
        "trace_id_echo": True,
        "unique_conflict_status": 409,
        "always_millis": True,
        "created_at_follows": True,
        "per_ten_seconds": 100,
    }
