"""Whatever comes in from outside, changed at random: only what is meant to be raised may be.

`python -m tests.fuzz --inputs 100000 --seed 1` (with `PYTHONPATH=tui`) runs it for as long as it is told.
"""
