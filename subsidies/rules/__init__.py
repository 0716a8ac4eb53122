"""How an award is worked out: plain Python, exact to the fen, the same answer everywhere.

`estimate.estimate` takes a question as JSON and gives the answer as JSON; underneath,
`reader.parse_questions` reads the question and `settle.explain` answers it. The policies come
in as the values of `edition`. One claim on its way is a `matter`; `checks` and `conditions`
decide whether it may be paid, `amount` what it comes to, `settle` how claims share the caps.

A new threshold, level or rule reference is an edition's business; a new formula, condition or
check is code here, with a test that sees it pass, fail and stay unknown.
"""

# Kept with every receipt. Raise it with each change after which an answer may differ.
ENGINE_VERSION = "1"
