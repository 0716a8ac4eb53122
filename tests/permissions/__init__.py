"""Who may do what: `matrix.yaml` says it, `test_matrix.py` tries it, every address, method, role
and object.

To add an address, let the product answer and judge the answers:

    python -m tests.permissions.observe case_detail pk=case

prints a block for matrix.yaml. `pk=case` says that the parameter `pk` takes the keys of the kind
`case`, which world.py makes and matrix.yaml lists under `objects`. Copy the block to its place in
the file and read every line before you believe it.

To add a role, name it in matrix.yaml under `roles` and make the person in world.py (`_people`). The
rows where it gets something other than the refusal of all others then fail; write it there.

To add a kind of object, make it in world.py and list it in matrix.yaml under `objects`.
"""
