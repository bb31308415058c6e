"""All operations of the API in one hand, by theme."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.vendors.activecampaign.deal_calls import DealCalls
from migrator.vendors.activecampaign.field_calls import FieldCalls
from migrator.vendors.activecampaign.http import Http
from migrator.vendors.activecampaign.people_calls import PeopleCalls
from migrator.vendors.activecampaign.pipeline_calls import PipelineCalls
from migrator.vendors.activecampaign.task_calls import TaskCalls

if TYPE_CHECKING:
    from datetime import datetime

    import httpx


class Calls:
    """One account.

    Attributes:
        host: where its API is, with the port where it is no usual one.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._http = http = Http(client)
        url = client.base_url
        self.host = f"{url.host}:{url.port}" if url.port else url.host
        self.deals = DealCalls(http)
        self.fields = FieldCalls(http)
        self.pipelines = PipelineCalls(http)
        self.people = PeopleCalls(http)
        self.tasks = TaskCalls(http)

    @property
    def told_at(self) -> datetime | None:
        """The instant of the last answer to a question, by ActiveCampaign's clock."""
        return self._http.told_at
