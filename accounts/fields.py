"""Fields that every room's forms use."""

from datetime import date
from typing import Any

from django import forms


class DayInput(forms.DateInput):
    """The browser's own calendar; without one, a text field."""

    input_type = "date"

    def format_value(self, value: Any) -> str | None:
        return value.isoformat() if isinstance(value, date) else value
