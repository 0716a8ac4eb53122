"""How money is written for people. The engine counts in `subsidies.rules.money`."""

from decimal import Decimal


def yuan(amount: Decimal) -> str:
    """`1234.5` as `1,234.50`."""
    return f"{amount:,.2f}"
