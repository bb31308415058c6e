"""Contacts, companies and notes of the accounts that the deals are from."""

from sample_data.companions import hubspot, pipedrive, salesforce, zoho

__all__ = ["COMPANIONS"]

COMPANIONS = (
    pipedrive.PEOPLE,
    pipedrive.ORGANIZATIONS,
    pipedrive.NOTES,
    hubspot.CONTACTS,
    hubspot.COMPANIES,
    hubspot.NOTES,
    salesforce.CONTACTS,
    salesforce.ACCOUNTS,
    salesforce.NOTES,
    zoho.CONTACTS,
    zoho.ACCOUNTS,
    zoho.NOTES,
)
"""The files beside those of the deals."""
