"""What later rooms join in the same transaction: an open case, a closed one."""

from django.dispatch import Signal

# Sent when an application was filed, the first time or after a correction.
filed = Signal()
# Sent when a filed application was withdrawn.
withdrawn = Signal()
