"""Proof that the guards are needed and that the tests would miss them.

Each sabotage takes one guard out of a copy of the project, in its code or in its database, and
the test named beside it must turn red. `python -m sabotage` runs them all.
"""
