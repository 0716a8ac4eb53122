"""联行号: twelve digits, the last a check (ISO 7064, MOD 11,10)."""


def check_digit(first_eleven: str) -> str:
    product = 10
    for digit in first_eleven:
        product = 2 * ((product + int(digit)) % 10 or 10) % 11
    return str((11 - product) % 10)


def is_doubtful(number: str) -> bool:
    """Whether the check does not come out. The rule is published nowhere, so that a person is
    warned and nobody is refused. A number left out raises no doubt."""
    return bool(number) and check_digit(number[:11]) != number[11:]
