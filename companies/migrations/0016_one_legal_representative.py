"""One 法定代表人 a company, one registration a licence file: unique indexes, built beside the
running system. The code that still runs asks for the same behind its locks."""

from django.core.management import CommandError
from django.db import migrations, models
from django.db.models import Count
from django.db.models.functions import Now

LEGAL = models.UniqueConstraint(
    fields=["company"],
    condition=models.Q(role="legal", ended_at__isnull=True),
    name="one_legal_representative",
    violation_error_message="本企业已有法定代表人，请原来的先改为其他身份。",
)
LICENCE = models.UniqueConstraint(models.F("licence"), name="one_registration_of_a_licence")


def end_who_is_gone(apps, schema_editor):
    """Of several standing 法定代表人 those who cannot sign in stand no longer. What is left and
    would stop an index halfway is named; nothing is chosen for people."""
    Member = apps.get_model("companies", "Member")
    standing = Member.objects.filter(role="legal", ended_at__isnull=True)
    standing.filter(company__in=list(doubled(standing, "company")), user__is_active=False).update(
        ended_at=Now()
    )
    for company in doubled(standing, "company"):
        members = standing.filter(company=company).order_by("pk").values_list("pk", flat=True)
        raise CommandError(
            f"Company {company} has several 法定代表人: members {', '.join(map(str, members))}. "
            "End all but one of them on the company's page in the administration, then migrate."
        )
    Registration = apps.get_model("companies", "Registration")
    for licence in doubled(Registration.objects.all(), "licence"):
        sharing = Registration.objects.filter(licence=licence).order_by("created_at")
        raise CommandError(
            f"Licence file {licence} belongs to several registrations: "
            f"{', '.join(str(row.pk) for row in sharing)}. "
            "Give all but the first a file row of their own, then migrate."
        )


def doubled(rows, column):
    counted = rows.order_by().values(column).annotate(rows=Count("pk")).filter(rows__gt=1)
    return counted.values_list(column, flat=True)


def built(model, constraint, on):
    """The constraint's index; one that a migration which was stopped left half built goes first."""
    drop = f"DROP INDEX CONCURRENTLY IF EXISTS {constraint.name}"
    create = f"CREATE UNIQUE INDEX CONCURRENTLY {constraint.name} ON {on}"
    return migrations.SeparateDatabaseAndState(
        database_operations=[migrations.RunSQL([drop, create], drop)],
        state_operations=[migrations.AddConstraint(model, constraint)],
    )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("companies", "0015_papers_of_frozen_figures"),
    ]

    operations = [
        migrations.RunPython(end_who_is_gone, migrations.RunPython.noop, atomic=True),
        built(
            "member",
            LEGAL,
            "companies_member (company_id) WHERE role = 'legal' AND ended_at IS NULL",
        ),
        built("registration", LICENCE, "companies_registration (licence_id)"),
    ]
