"""A run from its files to its summary: what the command line calls, one function per command.

``inputs`` reads and prepares, ``target`` connects and locks the account, ``planning`` makes the
plan, ``execution`` writes it, ``verification`` reads it back. A run lives in a folder of the
``workspace``; its memory is the journal beside it.
"""
