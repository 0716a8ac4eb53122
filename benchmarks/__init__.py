"""`make bench`: what the project promises to be fast at, measured as people meet it.

Each benchmark is a module with a function `measure() -> Iterator[Figure]`; whole processes are
timed by the clock on the wall, and what is compared is measured in the same run.
"""
