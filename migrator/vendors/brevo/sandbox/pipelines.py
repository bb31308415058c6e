"""Pipelines, which the API can only read, and the account itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.vendors.brevo.sandbox.answers import Answer, invalid

if TYPE_CHECKING:
    from migrator.vendors.brevo.sandbox.answers import Call, Object
    from migrator.vendors.brevo.sandbox.organization import Organization


class Pipelines:
    """The endpoints ``/crm/pipeline/details`` and ``/account``."""

    def __init__(self, organization: Organization) -> None:
        self._org = organization

    def default(self, _call: Call) -> Answer:
        """``GET /crm/pipeline/details``, deprecated: one object."""
        return Answer(200, self._org.default_pipeline().body())

    def all(self, _call: Call) -> Answer:
        """``GET /crm/pipeline/details/all``; the first call makes the default pipeline."""
        self._org.default_pipeline()
        return Answer(200, [one.body() for one in self._org.pipelines])

    def one(self, call: Call) -> Answer:
        """``GET /crm/pipeline/details/{id}``: an array of one; only a 400 is documented."""
        found = self._org.pipeline(call.args["id"])
        if found is None:
            raise invalid("Pipeline not found")
        return Answer(200, [found.body()])

    def account(self, _call: Call) -> Answer:
        """``GET /account``."""
        me = self._org.me
        first, _, last = me.email.partition("@")[0].partition(".")
        address: Object = {
            "city": "Paris",
            "country": "France",
            "street": "1 rue de l'Exemple",
            "zipCode": "75001",
        }
        body: Object = {
            "organization_id": self._org.id,
            "user_id": 1,
            "enterprise": False,
            "companyName": self._org.name,
            "email": me.email,
            "firstName": first.title(),
            "lastName": last.title(),
            "address": address,
            "dateTimePreferences": {
                "timezone": self._org.time_zone,
                "timeFormat": "24",
                "dateFormat": "dd-mm-yyyy",
            },
            "plan": [{"type": "free", "credits": 300, "creditsType": "sendLimit"}],
            "planVerticals": [
                {
                    "planCategory": "CRM",
                    "planType": "free",
                    "name": "Free",
                    "status": "active",
                    "startDate": "1735678900",
                    "endDate": "1767214900",
                    "users": {"purchasedSeats": "1", "usedSeats": "1"},
                }
            ],
            "relay": {
                "enabled": False,
                "data": {"userName": me.email, "relay": "smtp.example.com", "port": 587},
            },
        }
        return Answer(200, body)
