"""Said inside the transaction, after the rows went over; a receiver that raises Refused stops it.
Both name `kept` and `removed`."""

from django.dispatch import Signal

merged = Signal()
parted = Signal()
