"""Brevo: the adapter, and the sandbox."""
