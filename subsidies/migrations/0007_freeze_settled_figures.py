"""What awards were granted against stays as it was, also where they were granted before figures
could be frozen."""

from django.db import migrations
from django.utils import timezone


def freeze(apps, schema_editor):
    CompanyYear = apps.get_model("subsidies", "CompanyYear")
    YearlyFigure = apps.get_model("companies", "YearlyFigure")
    for settled in CompanyYear.objects.filter(capped__gt=0).order_by("pk").iterator():
        YearlyFigure.objects.filter(
            company_id=settled.company_id,
            year=settled.year,
            measure="fiscal_contribution",
            frozen_at__isnull=True,
        ).update(frozen_at=timezone.now())


class Migration(migrations.Migration):
    dependencies = [
        ("subsidies", "0006_receipt_incident"),
        ("companies", "0005_drop_bare_facts"),
    ]

    # Backwards nothing is to be done: the column goes with its own migration.
    operations = [migrations.RunPython(freeze, migrations.RunPython.noop)]
