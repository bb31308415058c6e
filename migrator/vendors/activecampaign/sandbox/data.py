"""Values of deals' custom fields: ``dealCustomFieldData``, and ``fields`` of a deal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.vendors.activecampaign.sandbox.answers import (
    Answer,
    bare,
    detailed,
    not_found,
    text_of,
    whole,
)
from migrator.vendors.activecampaign.sandbox.listing import page, unordered_page
from migrator.vendors.activecampaign.sandbox.rows import Datum
from migrator.vendors.activecampaign.sandbox.tenant import utc
from migrator.vendors.activecampaign.sandbox.values import BadValue, raw_row, read, refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migrator.vendors.activecampaign.sandbox.answers import Call, Json, Object
    from migrator.vendors.activecampaign.sandbox.rows import Deal, Field
    from migrator.vendors.activecampaign.sandbox.tenant import Tenant
    from migrator.vendors.activecampaign.sandbox.values import Money


class Data:
    """The endpoints of ``/dealCustomFieldData``, and the saving of values for deals."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    # --- endpoints

    def index(self, call: Call) -> Answer:
        """All values, or those of one deal by ``filters[dealId]``."""
        deal = call.filter("dealId")
        if deal is None:
            listed: Iterable[Datum] = self._tenant.data
        else:
            listed = self._of(self._tenant.deals.find(deal))
        rows = self._shown(listed)
        if self._tenant.options.data_ordered or ("id", False) in call.orders():
            found = page(rows, call)
        else:
            found = unordered_page(rows, call, self._tenant.options.seed)
        listing: list[Json] = [self._row(one) for one in found]
        return Answer(200, {"dealCustomFieldData": listing, "meta": {"total": len(rows)}})

    def of_deal(self, call: Call) -> Answer:
        """The values of one deal, by its own link; all of them on one page (UNCERTAIN)."""
        rows = self._of(self._tenant.deals.get(call.id))
        return Answer(200, {"dealCustomFieldData": [self._row(one) for one in rows]})

    def get(self, call: Call) -> Answer:
        """One value."""
        return Answer(200, {"dealCustomFieldDatum": self._row(self._find(call))})

    def create(self, call: Call) -> Answer:
        """A value of one field of one deal; 200, not 201 (recorded)."""
        deal, field, money = self._checked(call.wrapped("dealCustomFieldDatum"))
        held = deal.values.get(field.id)
        old = self._tenant.data.rows[held[0]].value if held else ""
        datum = self._create(deal, field, money)
        self._touch(deal)
        return Answer(200, {"dealCustomFieldDatum": {**self._row(datum), "originalValue": old}})

    def update(self, call: Call) -> Answer:
        """Change one value; another wrapper changes nothing."""
        datum = self._find(call)
        given = call.wrapped("dealCustomFieldDatum")
        if "fieldValue" in given:
            self._change(datum, self._value(self._tenant.fields.rows[datum.field], given))
        return Answer(200, {"dealCustomFieldDatum": self._row(datum)})

    def delete(self, call: Call) -> Answer:
        """Take one value away."""
        datum = self._tenant.data.find(call.id)
        if datum is None:
            raise not_found(plain=True)
        deal = self._tenant.deals.rows[datum.deal]
        deal.values[datum.field].remove(datum.id)
        if not deal.values[datum.field]:
            del deal.values[datum.field]
        self._tenant.data.remove(datum.id)
        self._touch(deal)
        return Answer(200, {"message": "DealCustomFieldData deleted."})

    def bulk_create(self, call: Call) -> Answer:
        """Many values of any deals, from a bare array; all or nothing (UNCERTAIN)."""
        checked = [self._checked(one) for one in call.objects(call.body)]
        if self._tenant.options.existing_datum == "error":
            pairs: set[tuple[int, int]] = set()
            for deal, field, _ in checked:
                self._forbid_second(deal, field, twice=(deal.id, field.id) in pairs)
                pairs.add((deal.id, field.id))
        for deal, field, money in checked:
            self._create(deal, field, money)
            self._touch(deal)
        return Answer(200, {"message": "The bulk insert was successful."})

    def bulk_update(self, call: Call) -> Answer:
        """Many values by their own ids, from a bare array; all or nothing (UNCERTAIN)."""
        changes: list[tuple[Datum, Money]] = []
        for given in call.objects(call.body):
            datum = self._tenant.data.find(given.get("id"))
            if datum is not None:
                value = self._value(self._tenant.fields.rows[datum.field], given)
                changes.append((datum, value))
            elif self._tenant.options.bulk_unknown == "refuse":
                raise not_found()
        for datum, money in changes:
            self._change(datum, money)
        ids = ", ".join(str(datum.id) for datum, _ in changes)
        message = f"DealCustomFieldDatas with ID(s): {ids} successfully bulk updated."
        return Answer(200, {"message": message})

    # --- for deals

    def save(self, deal: Deal, given: list[Object]) -> bool:
        """Save the ``fields`` of a deal; False = the deal's custom fields were not saved.

        The deal itself is written all the same: its answer only says so in
        ``customFieldSaveStatus``.
        """
        good: list[tuple[Field, Money]] = []
        failed = chosen = self._fails(deal, given)
        for one in given:
            field = self._tenant.fields.find(one.get("customFieldId"))
            if field is None or (chosen and self._is_named(field)):
                failed = True
                continue
            value, currency = one.get("fieldValue"), one.get("fieldCurrency")
            try:
                good.append((field, self._read(field, value, currency, deal.currency)))
            except BadValue:
                failed = True
        if failed and self._tenant.options.fail_whole:
            return False
        for field, money in good:
            self._put(deal, field, money)
        return not failed

    def raw(self, deals: Iterable[Deal]) -> list[Json]:
        """The rows that ``include=dealCustomFieldData`` adds."""
        naive, fields = self._tenant.naive, self._tenant.fields.rows
        return [
            raw_row(one, fields[one.field], naive(one.created), naive(one.updated))
            for deal in deals
            for one in self._shown(self._of(deal))
        ]

    def forget(self, deal: Deal) -> None:
        """Take all values of a deal away."""
        for ids in deal.values.values():
            for id in ids:
                self._tenant.data.remove(id)

    # --- inside

    def _find(self, call: Call) -> Datum:
        datum = self._tenant.data.find(call.id)
        if datum is None:
            raise not_found()
        return datum

    def _of(self, deal: Deal | None) -> list[Datum]:
        if deal is None:
            return []
        rows = self._tenant.data.rows
        return [rows[id] for ids in deal.values.values() for id in ids]

    def _shown(self, listed: Iterable[Datum]) -> list[Datum]:
        if not self._tenant.options.read_lag:
            return list(listed)
        now = self._tenant.clock()
        return [one for one in listed if one.shown <= now]

    def _checked(self, given: Object) -> tuple[Deal, Field, Money]:
        """The parts of a value to create, or the 422 that it meets."""
        deal = self._tenant.deals.find(given.get("dealId"))
        field = self._tenant.fields.find(given.get("customFieldId"))
        # The wording of these two is UNCERTAIN; only the shape is documented.
        if deal is None:
            raise detailed(f"The deal `{text_of(given.get('dealId'))}` does not exist.")
        if field is None:
            name = text_of(given.get("customFieldId"))
            raise detailed(f"The custom field `{name}` does not exist.")
        return deal, field, self._value(field, given)

    def _value(self, field: Field, given: Object) -> Money:
        if "fieldValue" not in given:
            raise detailed("The field value field is required.")
        value = given["fieldValue"]
        try:
            return self._read(field, value, given.get("fieldCurrency"), self._tenant.currency)
        except BadValue as error:
            raise refused(field, value) from error

    def _forbid_second(self, deal: Deal, field: Field, *, twice: bool = False) -> None:
        if twice or field.id in deal.values:
            raise detailed(f"The deal `{deal.id}` has a value of the custom field `{field.id}`.")

    def _create(self, deal: Deal, field: Field, money: Money) -> Datum:
        """A new value; what becomes of one that is there already is an option."""
        existing = self._tenant.options.existing_datum
        if existing == "error":
            self._forbid_second(deal, field)
        if existing == "second_row":
            return self._add(deal, field, money)
        return self._put(deal, field, money)

    def _put(self, deal: Deal, field: Field, money: Money) -> Datum:
        """The value of a field, whether it is there or not."""
        held = deal.values.get(field.id)
        if not held:
            return self._add(deal, field, money)
        datum = self._tenant.data.rows[held[-1]]
        self._fill(datum, money)
        return datum

    def _add(self, deal: Deal, field: Field, money: Money) -> Datum:
        table, time = self._tenant.data, self._tenant.time()
        id, shown = table.next_id(), self._tenant.shown_from()
        datum = Datum(id, deal.id, field.id, *money, time, time, shown)
        deal.values.setdefault(field.id, []).append(id)
        return table.put(id, datum)

    def _read(self, field: Field, value: Json, currency: Json, home: str) -> Money:
        """A value as it is stored, or ``BadValue``; what a blank does is UNCERTAIN."""
        if value in (None, "") and self._tenant.options.blank_value == "refused":
            raise BadValue
        return read(field, value, currency, home)

    def _fill(self, datum: Datum, money: Money) -> None:
        if money.value is None and self._tenant.options.blank_value == "kept":
            return
        datum.value, datum.currency = money
        datum.updated = self._tenant.time()

    def _change(self, datum: Datum, money: Money) -> None:
        self._fill(datum, money)
        self._touch(self._tenant.deals.rows[datum.deal])

    def _touch(self, deal: Deal) -> None:
        if self._tenant.options.fields_touch_mdate:
            deal.updated = self._tenant.time()

    def _fails(self, deal: Deal, given: list[Object]) -> bool:
        """Whether the options have this deal's custom fields fail."""
        rule = self._tenant.options.fail_fields
        if callable(rule):
            return rule(deal.title)
        if isinstance(rule, float | int):
            return bool(given) and self._tenant.random.random() < rule
        return any(whole(one.get("customFieldId")) in rule for one in given)

    def _is_named(self, field: Field) -> bool:
        """Whether it is this very field that fails; by title or share all of them do."""
        rule = self._tenant.options.fail_fields
        return callable(rule) or isinstance(rule, float | int) or field.id in rule

    def _row(self, datum: Datum) -> Object:
        link = f"https://sandbox.activehosted.com/api/3/dealCustomFieldData/{datum.id}"
        row: Object = {
            "id": str(datum.id),
            "dealCustomFieldMetumId": datum.field,
            "dealId": datum.deal,
            "customFieldId": datum.field,
            "createdTimestamp": utc(datum.created),
            "updatedTimestamp": utc(datum.updated),
            "fieldValue": datum.value,
            "links": {
                "deal": f"{link}/deal",
                "dealCustomFieldMetum": f"{link}/dealCustomFieldMetum",
            },
        }
        if datum.currency is not None:
            row["fieldCurrency"] = datum.currency
        return row


def given_fields(value: Json) -> list[Object]:
    """The ``fields`` of a deal; whatever is no object is overlooked."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise bare()
    return [one for one in value if isinstance(one, dict)]
