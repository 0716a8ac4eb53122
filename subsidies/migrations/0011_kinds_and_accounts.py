"""Which way each kind of entry moves money. Asked of new entries from here on; the next migration
looks at those that are there, while others go on writing."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

ACCOUNTS = (
    ("reserve", "budget", "reserved"),
    ("grant", "reserved", "granted"),
    ("release", "reserved", "budget"),
    ("release", "granted", "budget"),
    ("pay", "granted", "paid"),
    ("fail", "paid", "granted"),
    ("return", "paid", "budget"),
    ("adjust", "budget", "granted"),
    ("adjust", "granted", "budget"),
)


class Migration(migrations.Migration):
    dependencies = [
        ("subsidies", "0010_both_names_of_two_people"),
    ]

    operations = [
        AddConstraintNotValid(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    *(
                        models.Q(credit=credit, debit=debit, kind=kind)
                        for kind, credit, debit in ACCOUNTS
                    ),
                    _connector="OR",
                ),
                name="entry_moves_as_its_kind",
            ),
        ),
    ]
