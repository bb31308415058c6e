"""What a deal is made of, from what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from migrator.vendors.activecampaign.sandbox.answers import (
    attribute,
    bare,
    no_result,
    text_of,
    whole,
)
from migrator.vendors.activecampaign.sandbox.values import cents

if TYPE_CHECKING:
    from migrator.vendors.activecampaign.sandbox.answers import Json, Object
    from migrator.vendors.activecampaign.sandbox.rows import Deal, Pipeline, Stage
    from migrator.vendors.activecampaign.sandbox.tenant import Tenant

INT32 = 2_147_483_647

_ROUND_ROBIN = 1


class DealInput:
    """Turns what was sent into what is stored, or refuses it as the options say."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def create(self, given: Object, fields: list[Object]) -> dict[str, Any]:
        """All stored values of a new deal; unknown keys are overlooked without a word."""
        title = given.get("title")
        if _blank(title):
            self._missing("title")
        contact, account = self._parents(given)
        if contact is None and account is None:
            self._missing("contact")
        if given.get("value") is None:
            self._missing("value")
        if given.get("currency") is None:
            self._missing("currency")
        pipeline, stage = self._place(given)
        owner = self._owner(given)
        self._required(fields)
        value = self._value(given["value"])
        return {
            "title": text_of(title),
            "description": text_of(given.get("description")),
            "contact": contact,
            "account": account,
            "value": value,
            "currency": self._currency(given["currency"]),
            "group": pipeline.id,
            "stage": stage.id,
            "percent": whole(given.get("percent")) or 0,
            "status": self._status(given.get("status")),
            "owner": owner if owner is not None else self._assign(pipeline),
        }

    def update(self, given: Object, deal: Deal) -> dict[str, Any]:
        """The stored values that change; null leaves a value as it is (UNCERTAIN)."""
        sent: Object = {name: value for name, value in given.items() if value is not None}
        changes: dict[str, Any] = {
            name: text_of(sent[name]) for name in ("title", "description") if name in sent
        }
        if "title" in changes and not changes["title"]:
            self._missing("title")
        changes |= self._changed_parents(given, deal)
        if "value" in sent:
            changes["value"] = self._value(sent["value"])
        if "currency" in sent:
            changes["currency"] = self._currency(sent["currency"])
        if "percent" in sent:
            changes["percent"] = whole(sent["percent"]) or 0
        if "status" in sent:
            changes["status"] = self._status(sent["status"])
        owner = self._owner(sent)
        if owner is not None:
            changes["owner"] = owner
        if "group" in sent or "stage" in sent:
            place = sent if "group" in sent else {**sent, "group": deal.group}
            pipeline, stage = self._place(place)
            # A pipeline alone, if the deal is in it already, leaves the stage as it is.
            if "stage" in sent or pipeline.id != deal.group:
                changes |= {"group": pipeline.id, "stage": stage.id}
        return changes

    def _changed_parents(self, given: Object, deal: Deal) -> dict[str, Any]:
        """Contact and account, of which one must stay; what takes one away is UNCERTAIN."""
        contact, account = self._parents(given)
        found: dict[str, Any] = {"contact": contact, "account": account}
        changes = {name: id for name, id in found.items() if id is not None}
        blank = {"null": None, "blank": ""}
        by = self._tenant.options.parent_taken_by
        if by in blank:
            gone = [name for name in found if name in given and given[name] == blank[by]]
            changes |= dict.fromkeys(gone)
        held = {"contact": deal.contact, "account": deal.account, **changes}
        if changes and not any(held.values()):
            self._missing("contact")
        return changes

    def _parents(self, given: Object) -> tuple[int | None, int | None]:
        contact = account = None
        if not _blank(given.get("contact")):
            person = self._tenant.contacts.find(given["contact"])
            if person is None:
                self._unknown("contact", "Subscriber", given["contact"])
            contact = person.id
        if not _blank(given.get("account")):
            company = self._tenant.companies.find(given["account"])
            if company is None:
                self._unknown("account", "CustomerAccount", given["account"])
            account = company.id
        return contact, account

    def _place(self, given: Object) -> tuple[Pipeline, Stage]:
        """Pipeline and stage: each follows from the other, and both must agree."""
        group, stage = given.get("group"), given.get("stage")
        if group is None and stage is None:
            self._missing("group")
        pipeline = self._tenant.pipelines.find(group)
        if group is not None and pipeline is None:
            self._unknown("group", "DealGroup", group)
        if stage is None and pipeline is not None:
            stages = self._tenant.stages_of(pipeline.id)
            if not stages:
                self._invalid("stage", "The pipeline has no stage.")
            return pipeline, stages[0]
        found = self._tenant.stages.find(stage)
        if found is None:
            self._unknown("stage", "DealStage", stage)
        if pipeline is None:
            pipeline = self._tenant.pipelines.find(found.group)
        if pipeline is None or found.group != pipeline.id:
            self._invalid("stage", "The stage does not belong to the pipeline.")
        return pipeline, found

    def _owner(self, given: Object) -> int | None:
        owner = given.get("owner")
        if _blank(owner):
            return None
        user = self._tenant.users.find(owner)
        if user is None:
            self._unknown("owner", "User", owner)
        return user.id

    def _assign(self, pipeline: Pipeline) -> int:
        """Whom the pipeline gives a deal without owner, rarely who sent it."""
        users = list(self._tenant.users.rows)
        allowed = [one for one in users if not pipeline.users or one in pipeline.users]
        if not pipeline.auto_assign or not allowed:
            self._missing("owner")
        if pipeline.auto_assign == _ROUND_ROBIN:
            pipeline.turn += 1
            return allowed[pipeline.turn % len(allowed)]
        held = dict.fromkeys(allowed, 0)
        for deal in self._tenant.deals:
            if deal.group == pipeline.id and deal.owner in held:
                held[deal.owner] += deal.value
        return min(allowed, key=lambda one: (held[one], -one))

    def _value(self, value: Json) -> int:
        found = cents(value)
        if found is None or found < 0:
            self._invalid("value", "The value is not valid.")
        if found > INT32 and self._tenant.options.int32 != "keep":
            if self._tenant.options.int32 == "refuse":
                self._invalid("value", "The value is too large.")
            return INT32
        return found

    def _currency(self, value: Json) -> str:
        text = text_of(value)
        capitals = self._tenant.options.upper_currency
        code = text.lower() if capitals else text
        if len(code) != 3 or not code.isascii() or not code.isalpha() or not code.islower():
            self._invalid("currency", "The currency is not valid.")
        return code

    def _status(self, value: Json) -> int:
        found = 0 if value is None else whole(value)
        if found not in {0, 1, 2}:
            self._invalid("status", "The status is not valid.")
        return found

    def _required(self, fields: list[Object]) -> None:
        """Custom fields that must be filled."""
        if not self._tenant.options.enforce_required:
            return
        filled = {
            whole(one.get("customFieldId"))
            for one in fields
            if one.get("fieldValue") not in (None, "", [])
        }
        for field in self._tenant.fields:
            if field.required and field.id not in filled:
                self._missing(f"fields.{field.id}")

    # Which words a refused deal gets is UNCERTAIN: only ``400 {}`` is declared.

    def _missing(self, name: str) -> NoReturn:
        if self._tenant.options.deal_errors == "bare":
            raise bare()
        raise attribute(f"The deal {name} was not provided.", "field_missing", name)

    def _invalid(self, name: str, title: str) -> NoReturn:
        if self._tenant.options.deal_errors == "bare":
            raise bare()
        raise attribute(title, "field_invalid", name)

    def _unknown(self, name: str, record: str, id: Json) -> NoReturn:
        if self._tenant.options.deal_errors == "bare":
            raise bare()
        if self._tenant.options.deal_errors == "no_result":
            raise no_result(record, text_of(id))
        raise attribute(f"The related {name} does not exist.", "related_missing", name)


def _blank(value: Json) -> bool:
    return value is None or value == ""
