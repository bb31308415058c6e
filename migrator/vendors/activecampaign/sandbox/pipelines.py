"""Pipelines (``dealGroups``) and their stages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from migrator.vendors.activecampaign.sandbox.answers import (
    Answer,
    bare,
    no_result,
    text_of,
    whole,
)
from migrator.vendors.activecampaign.sandbox.listing import page
from migrator.vendors.activecampaign.sandbox.tenant import AUTOMATIC_STAGES

if TYPE_CHECKING:
    from migrator.vendors.activecampaign.sandbox.answers import Call, Json, Object
    from migrator.vendors.activecampaign.sandbox.rows import Pipeline, Stage
    from migrator.vendors.activecampaign.sandbox.tenant import Tenant

_LOOKS = {
    "dealOrder": "next-action DESC",
    "cardRegion1": "title",
    "cardRegion2": "next-action",
    "cardRegion3": "show-avatar",
    "cardRegion4": "contact-fullname-acctname",
    "cardRegion5": "value",
    "color": "3f3f3f",
    "width": "280",
}
"""How a stage looks when nobody says; as live answers have it."""

_COLOR = re.compile(r"[0-9A-Fa-f]{6}")
_FLAGS = {"allgroups": "all_groups", "allusers": "all_users", "autoassign": "auto_assign"}


class Pipelines:
    """The endpoints of ``/dealGroups``."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def index(self, call: Call) -> Answer:
        """A page of pipelines, and the stages of those on it."""
        rows = list(self._tenant.pipelines)
        if (title := call.filter("title")) is not None:
            rows = [one for one in rows if title.casefold() in one.title.casefold()]
        having = whole(call.filter("have_stages"))
        if having is not None:
            rows = [one for one in rows if bool(self._tenant.stages_of(one.id)) == bool(having)]
        for order, descending in reversed(call.orders()):
            if order == "title":
                rows.sort(key=lambda one: one.title.casefold(), reverse=descending)
            elif order == "popular":
                rows.sort(key=self._popularity, reverse=descending)
        found = page(rows, call)
        stages = [stage for one in found for stage in self._tenant.stages_of(one.id)]
        body: Object = {
            "dealGroups": [self.row(one) for one in found],
            "dealStages": [self.stage_row(one) for one in stages],
            "meta": {"total": str(len(rows))},
        }
        return Answer(200, body)

    def get(self, call: Call) -> Answer:
        """One pipeline with its stages."""
        pipeline = self._tenant.pipelines.get(call.id)
        stages = self._tenant.stages_of(pipeline.id)
        body: Object = {
            "dealGroup": self.row(pipeline),
            "dealStages": [self.stage_row(one) for one in stages],
        }
        return Answer(200, body)

    def create(self, call: Call) -> Answer:
        """A new pipeline; live answers say 201, and three stages are there at once.

        Without ``autoassign`` it is off (recorded), where the documentation says on.
        """
        given = call.wrapped("dealGroup")
        title, currency = text_of(given.get("title")), text_of(given.get("currency"))
        if not title or not currency:
            raise bare()
        pipeline = self._tenant.add_pipeline(title, AUTOMATIC_STAGES)
        pipeline.auto_assign = 0
        self._apply(pipeline, given)
        return Answer(201, {**self._written(pipeline, given), "dealStages": self._stages(pipeline)})

    def update(self, call: Call) -> Answer:
        """Change a pipeline; another wrapper changes nothing."""
        pipeline = self._tenant.pipelines.get(call.id)
        given = call.wrapped("dealGroup")
        if given:
            self._apply(pipeline, given)
            pipeline.updated = self._tenant.time()
        return Answer(200, self._written(pipeline, given))

    def delete(self, call: Call) -> Answer:
        """Take a pipeline away: its deals stay as stubs, its stages in the list (recorded)."""
        self._tenant.pipelines.remove(self._tenant.pipelines.get(call.id).id)
        return Answer(200, {})

    def row(self, pipeline: Pipeline) -> Object:
        """A pipeline as reads give it."""
        return {
            "title": pipeline.title,
            "currency": pipeline.currency,
            "autoassign": str(pipeline.auto_assign),
            "allusers": str(pipeline.all_users),
            "allgroups": str(pipeline.all_groups),
            "cdate": self._tenant.local(pipeline.created),
            "udate": self._tenant.local(pipeline.updated),
            "stages": [str(one.id) for one in self._tenant.stages_of(pipeline.id)],
            "links": {},
            "id": str(pipeline.id),
        }

    def stage_row(self, stage: Stage) -> Object:
        """A stage as reads give it."""
        return {
            "title": stage.title,
            "group": str(stage.group),
            "order": str(stage.order),
            **_LOOKS,
            **stage.looks,
            "cdate": self._tenant.local(stage.created),
            "udate": self._tenant.local(stage.updated),
            "links": {"group": f"/api/3/dealStages/{stage.id}/group"},
            "id": str(stage.id),
        }

    def _stages(self, pipeline: Pipeline) -> list[Json]:
        return [self.stage_row(one) for one in self._tenant.stages_of(pipeline.id)]

    def _popularity(self, pipeline: Pipeline) -> tuple[int, int]:
        deals = sum(deal.group == pipeline.id for deal in self._tenant.deals)
        return deals, pipeline.created

    def _apply(self, pipeline: Pipeline, given: Object) -> None:
        pipeline.title = text_of(given.get("title")) or pipeline.title
        pipeline.currency = text_of(given.get("currency")).lower() or pipeline.currency
        for name, attribute in _FLAGS.items():
            number = whole(given.get(name))
            if number is not None:
                setattr(pipeline, attribute, number)
        for name in ("users", "groups"):
            listed = given.get(name)
            if isinstance(listed, list):
                ids = tuple(id for one in listed if (id := whole(one)) is not None)
                setattr(pipeline, name, ids)

    def _written(self, pipeline: Pipeline, given: Object) -> Object:
        """The answer to a write: flags come back as they were sent."""
        echoed = {name: given[name] for name in _FLAGS if name in given}
        users: list[Json] = [
            {"dealGroup": str(pipeline.id), "user": str(user), "cdate": None, "id": str(number)}
            for number, user in enumerate(pipeline.users, 1)
        ]
        groups: list[Json] = [
            {"dealGroup": str(pipeline.id), "group": str(group), "cdate": None, "id": str(number)}
            for number, group in enumerate(pipeline.groups, 1)
        ]
        return {
            "dealGroupUsers": users,
            "dealGroupGroups": groups,
            "dealGroup": {**self.row(pipeline), **echoed},
        }


def check_looks(given: Object) -> dict[str, str]:
    """How a stage shall look; what makes no sense is left out (UNCERTAIN)."""
    looks = {name: text_of(given[name]) for name in _LOOKS if given.get(name) is not None}
    if "color" in looks and not _COLOR.fullmatch(looks["color"]):
        del looks["color"]
    return looks


def group_of(tenant: Tenant, value: Json) -> Pipeline:
    """The pipeline that a stage is given to."""
    if value is None or value == "":
        raise bare()
    pipeline = tenant.pipelines.find(value)
    if pipeline is None:
        raise no_result("DealGroup", text_of(value))
    return pipeline
