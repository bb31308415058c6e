"""Whole migrations in virtual time, each decided by one seed, with all that can go wrong in them.

``world`` makes of a seed an account, rows and everything that will happen; ``lives`` runs the
product in it, lets it die and starts it again until all is done; ``checks`` says what must hold
then. ``network``, ``disk`` and ``clock`` are what surrounds the process, ``crms`` the three CRMs:
what they may do, and what they hold, read without the product. ``python -m tests.simulation``
runs many seeds, ``python -m tests.simulation.mutants`` proves that they would notice.
"""
