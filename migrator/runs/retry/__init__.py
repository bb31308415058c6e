"""Rejects that somebody mended: read, matched with their run, written under its books."""
