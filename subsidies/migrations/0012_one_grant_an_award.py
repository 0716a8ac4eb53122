"""An award is granted once: a unique index, built beside the running system. And the entries that
were there before the last migration are held against its constraint."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations, models

# One that a migration which was stopped left half built goes first.
DROP = "DROP INDEX CONCURRENTLY IF EXISTS one_grant_an_award"
CREATE = (
    "CREATE UNIQUE INDEX CONCURRENTLY one_grant_an_award"
    " ON subsidies_ledgerentry (award_id) WHERE kind = 'grant'"
)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("subsidies", "0011_kinds_and_accounts"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL([DROP, CREATE], DROP)],
            state_operations=[
                migrations.AddConstraint(
                    "ledgerentry",
                    models.UniqueConstraint(
                        fields=["award"],
                        condition=models.Q(kind="grant"),
                        name="one_grant_an_award",
                    ),
                ),
            ],
        ),
        ValidateConstraint("ledgerentry", "entry_moves_as_its_kind"),
    ]
