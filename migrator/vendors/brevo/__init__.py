"""Brevo: its adapter and, sharing no code with it, its sandbox."""
