"""The key under which a form is sent."""

import uuid

from django import template
from django.utils.html import format_html

register = template.Library()


@register.simple_tag
def submission_key() -> str:
    """A hidden field with a new key: `accounts.submissions.once` answers it once."""
    return format_html('<input type="hidden" name="submission" value="{}">', uuid.uuid4())
