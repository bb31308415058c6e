"""The endpoints of ``/dealStages``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.vendors.activecampaign.sandbox.answers import Answer, bare, text_of, titled, whole
from migrator.vendors.activecampaign.sandbox.listing import page
from migrator.vendors.activecampaign.sandbox.pipelines import check_looks, group_of
from migrator.vendors.activecampaign.sandbox.rows import Stage

if TYPE_CHECKING:
    from migrator.vendors.activecampaign.sandbox.answers import Call, Object
    from migrator.vendors.activecampaign.sandbox.deals import Deals
    from migrator.vendors.activecampaign.sandbox.pipelines import Pipelines
    from migrator.vendors.activecampaign.sandbox.tenant import Tenant


class Stages:
    """Stages of all pipelines; titles repeat between pipelines and even inside one."""

    def __init__(self, tenant: Tenant, pipelines: Pipelines, deals: Deals) -> None:
        self._tenant = tenant
        self._pipelines = pipelines
        self._deals = deals

    def index(self, call: Call) -> Answer:
        """A page of stages, those of vanished pipelines among them (recorded)."""
        rows = list(self._tenant.stages)
        if (title := call.filter("title")) is not None:
            rows = [one for one in rows if title.casefold() in one.title.casefold()]
        if (group := call.filter("d_groupid")) is not None:
            rows = [one for one in rows if one.group == whole(group)]
        for order, descending in reversed(call.orders()):
            if order == "title":
                rows.sort(key=lambda one: one.title.casefold(), reverse=descending)
        found = [self._pipelines.stage_row(one) for one in page(rows, call)]
        return Answer(200, {"dealStages": [*found], "meta": {"total": str(len(rows))}})

    def get(self, call: Call) -> Answer:
        """One stage."""
        stage = self._tenant.stages.get(call.id)
        return Answer(200, {"dealStage": self._pipelines.stage_row(stage)})

    def create(self, call: Call) -> Answer:
        """A new stage, last in its pipeline unless told otherwise; live answers say 201."""
        given = call.wrapped("dealStage")
        title = text_of(given.get("title"))
        if not title:
            raise bare()
        pipeline = group_of(self._tenant, given.get("group"))
        last = max((one.order for one in self._tenant.stages_of(pipeline.id)), default=0)
        order = whole(given.get("order"))
        time, id = self._tenant.time(), self._tenant.stages.next_id()
        place = last + 1 if order is None else order
        looks = check_looks(given)
        looks.pop("width", None)  # 360 was sent and 280 answered (documented example)
        stage = Stage(id, title, pipeline.id, place, time, time, looks)
        self._tenant.stages.put(id, stage)
        self._reorder(call, stage)
        row = {**self._pipelines.stage_row(stage), "order": stage.order, "width": 280}
        return Answer(201, {"dealGroups": [self._pipelines.row(pipeline)], "dealStage": row})

    def update(self, call: Call) -> Answer:
        """Change a stage; another wrapper changes nothing."""
        stage = self._tenant.stages.get(call.id)
        given = call.wrapped("dealStage")
        echoed: Object = {}
        if given:
            if given.get("group") is not None:
                stage.group = group_of(self._tenant, given["group"]).id
                for deal in self._tenant.deals:
                    if deal.stage == stage.id:
                        deal.group = stage.group
            stage.title = text_of(given.get("title")) or stage.title
            stage.looks |= check_looks(given)
            order = whole(given.get("order"))
            stage.order = stage.order if order is None else order
            stage.updated = self._tenant.time()
            self._reorder(call, stage)
            echoed = {name: given[name] for name in ("order", "width") if name in given}
        return Answer(200, {"dealStage": {**self._pipelines.stage_row(stage), **echoed}})

    def delete(self, call: Call) -> Answer:
        """Take a stage away; its deals go too, a copy of the documentation says (UNCERTAIN)."""
        stage = self._tenant.stages.get(call.id)
        for deal in [one for one in self._tenant.deals if one.stage == stage.id]:
            self._deals.remove(deal)
        self._tenant.stages.remove(stage.id)
        return Answer(200, {})

    def move_deals(self, call: Call) -> Answer:
        """Move ALL deals of a stage to another stage of the same pipeline."""
        stage = self._tenant.stages.get(call.id)
        target = self._tenant.stages.find(call.wrapped("deal").get("stage"))
        if target is None or target.group != stage.group:
            raise titled(
                422,
                "Invalid attribute",
                detail="Target stage does not belong to same pipeline",
                source={"pointer": "/data/attributes/stage"},
            )
        moved = [
            one
            for one in self._tenant.deals
            if one.stage == stage.id and not self._tenant.disabled(one)
        ]
        for deal in moved:
            self._deals.change(deal, {"stage": target.id})
        return Answer(200, {"deals": [self._deals.row(one) for one in moved]})

    def _reorder(self, call: Call, stage: Stage) -> None:
        """With ``reorder=1`` number the pipeline's stages anew around this one."""
        if call.query.get("reorder") != "1":
            return
        others = [one for one in self._tenant.stages_of(stage.group) if one is not stage]
        others.insert(max(0, min(stage.order - 1, len(others))), stage)
        for number, one in enumerate(others, 1):
            one.order = number
