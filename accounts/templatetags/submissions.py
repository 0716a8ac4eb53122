"""The key under which a form is sent."""

import uuid

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def submission_key() -> SafeString:
    """A hidden field with a new key: `accounts.submissions.once` answers it once."""
    return format_html('<input type="hidden" name="submission" value="{}">', uuid.uuid4())
