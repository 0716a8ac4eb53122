"""The rule engine: facts in, checks and amounts out. Plain Python; no Django, no database."""

# Kept with every receipt. Raise it with each change after which an answer may differ.
ENGINE_VERSION = "1"
