"""Pipelines and stages: one method per operation of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.errors import OutcomeUnknown
from migrator.vendors.activecampaign.answers import Json, objects, written
from migrator.vendors.activecampaign.http import Http, every, read_rows
from migrator.vendors.activecampaign.things import (
    Deal,
    Group,
    StageRow,
    read_deal,
    read_group,
    read_stage,
)
from migrator.wire import Effect

if TYPE_CHECKING:
    from collections.abc import Mapping

_GROUPS = "dealGroups"
_STAGES = "dealStages"


class PipelineCalls:
    """Operations on pipelines (``groups``) and stages."""

    def __init__(self, http: Http) -> None:
        self._http = http

    # -- pipelines -----------------------------------------------------------------------------

    async def groups(self, title: str = "") -> tuple[list[Group], list[StageRow]]:
        """``GET /dealGroups``: all pipelines, and the stages that came with them.

        ``title`` narrows to those that contain it, where the filter is understood.
        """
        params = {"filters[title]": title} if title else {}
        groups: list[Group] = []
        stages: list[StageRow] = []
        reader = self._http.reader(_GROUPS, _GROUPS, params)
        async for page in every([reader], "pipelines"):
            groups += read_rows(read_group, page.rows)
            stages += read_rows(read_stage, objects(page.body.get(_STAGES)))
        return groups, stages

    async def group(self, group: str) -> Group:
        """``GET /dealGroups/{id}``."""
        return await self._http.one(f"{_GROUPS}/{group}", "dealGroup", read_group)

    async def create_group(self, title: str, currency: str) -> tuple[Group, list[StageRow]]:
        """``POST /dealGroups``: the pipeline, and the stages that ActiveCampaign makes with it.

        All user groups may use it, and no owner is assigned by itself: documentation and live
        behaviour disagree on that default. Titles may repeat, so it is sent once.
        """
        content = {
            "dealGroup": {
                "title": title,
                "currency": currency.lower(),
                "allgroups": 1,
                "allusers": 1,
                "autoassign": 0,
            }
        }
        answer = await self._http.send("POST", _GROUPS, content, effect=Effect.ONCE)
        group = written(answer, "dealGroup", read_group, f"POST {_GROUPS}")
        return group, read_rows(read_stage, objects(answer.get(_STAGES)))

    async def update_group(self, group: str, content: Mapping[str, object]) -> Group:
        """``PUT /dealGroups/{id}``."""
        path = f"{_GROUPS}/{group}"
        answer = await self._http.send(
            "PUT", path, {"dealGroup": dict(content)}, effect=Effect.REPEATABLE
        )
        return written(answer, "dealGroup", read_group, f"PUT {path}")

    async def delete_group(self, group: str) -> None:
        """``DELETE /dealGroups/{id}``: its stages and deals are lost with it."""
        await self._http.send("DELETE", f"{_GROUPS}/{group}", effect=Effect.REPEATABLE)

    # -- stages --------------------------------------------------------------------------------

    async def stages(self, group: str = "") -> list[StageRow]:
        """``GET /dealStages``: all stages, or those of a pipeline.

        Those of pipelines that were deleted may be among all. Filters may be ignored.
        """
        params = {"filters[d_groupid]": group} if group else {}
        reader = self._http.reader(_STAGES, _STAGES, params)
        pages = [page async for page in every([reader], "stages")]
        found = [stage for page in pages for stage in read_rows(read_stage, page.rows)]
        return [stage for stage in found if not group or stage.group == group]

    async def stage(self, stage: str) -> StageRow:
        """``GET /dealStages/{id}``."""
        return await self._http.one(f"{_STAGES}/{stage}", "dealStage", read_stage)

    async def create_stage(
        self, group: str, title: str, order: int, *, reorder: bool = False
    ) -> StageRow:
        """``POST /dealStages``: titles may repeat, so it is sent once.

        ``reorder`` gives the pipeline's stages new numbers, so that no two share one.
        """
        content = {"dealStage": {"title": title, "group": group, "order": order}}
        params = {"reorder": "1"} if reorder else {}
        answer = await self._http.send("POST", _STAGES, content, effect=Effect.ONCE, params=params)
        return written(answer, "dealStage", read_stage, f"POST {_STAGES}")

    async def update_stage(
        self, stage: str, content: Mapping[str, object], *, reorder: bool = False
    ) -> StageRow:
        """``PUT /dealStages/{id}``."""
        path = f"{_STAGES}/{stage}"
        params = {"reorder": "1"} if reorder else {}
        answer = await self._http.send(
            "PUT", path, {"dealStage": dict(content)}, effect=Effect.REPEATABLE, params=params
        )
        return written(answer, "dealStage", read_stage, f"PUT {path}")

    async def delete_stage(self, stage: str) -> None:
        """``DELETE /dealStages/{id}``: its deals may be lost with it."""
        await self._http.send("DELETE", f"{_STAGES}/{stage}", effect=Effect.REPEATABLE)

    async def move_deals_of_stage(self, stage: str, to: str) -> list[Deal]:
        """``PUT /dealStages/{id}/deals``: moves **all** deals of a stage, within one pipeline.

        Only ever done because a person asked for it. It is sent once: a second time it would take
        deals along that came into the stage meanwhile.
        """
        path = f"{_STAGES}/{stage}/deals"
        answer: Json = await self._http.send(
            "PUT", path, {"deal": {"stage": to}}, effect=Effect.ONCE
        )
        if not isinstance(answer.get("deals"), list):
            raise OutcomeUnknown(f"PUT {path} was accepted, but the answer names no deals.")
        return read_rows(read_deal, objects(answer["deals"]))
