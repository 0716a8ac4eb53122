"""The table of the cache that all processes share; `createcachetable` leaves one that is there."""

from django.core.management import call_command
from django.db import migrations


def make(apps, schema_editor):
    call_command("createcachetable", database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_signing_in")]

    operations = [
        migrations.RunPython(make, migrations.RunPython.noop),
    ]
