"""The initials of the companies that are there, in batches."""

from django.db import migrations

from companies.initials import initials_of

BATCH = 1000


def fill(apps, schema_editor):
    companies = apps.get_model("companies", "Company").objects
    batch = []
    for company in companies.only("name").iterator(chunk_size=BATCH):
        company.initials = initials_of(company.name)
        batch.append(company)
        if len(batch) == BATCH:
            companies.bulk_update(batch, ["initials"])
            batch = []
    companies.bulk_update(batch, ["initials"])


class Migration(migrations.Migration):
    dependencies = [
        ("companies", "0010_account_number_says_its_length"),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
