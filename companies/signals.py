"""What later rooms join in the same transaction."""

from django.dispatch import Signal

# Sent when facts about companies were written: figures, credit entries, incidents. `district` is
# whose they are, `company` the one company where it was only one, else None; `cause` names the
# change, once for each.
facts_changed = Signal()
