"""The fire: the whole product as child processes on private ports, many clients approving and
paying over real HTTP, and faults by plan. Afterwards the checker compares the database with what
each client was told.

    python -m chaos short          three minutes, for every change
    python -m chaos long           10,000 approvals, 64 clients, 200 kills and more
    python -m chaos short --seed 7 the same plan again

The plan repeats with its seed; the operating system's timing does not.
"""
