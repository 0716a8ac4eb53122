"""What stood on the company without a date becomes dated facts that say the same.

A bare column counted for every policy year, so a recognition or agreement made of it has no
bounds, and a scale status is written for each year from the oldest document's first until now.
"""

from django.db import migrations
from django.utils import timezone

FIRST_YEAR = 2022
NOTE = "由原登记信息转入，没有日期"
BATCH = 1000


def move(apps, schema_editor):
    Company = apps.get_model("companies", "Company")
    ScaleYear = apps.get_model("companies", "ScaleYear")
    Recognition = apps.get_model("companies", "Recognition")
    Agreement = apps.get_model("companies", "Agreement")
    Contact = apps.get_model("companies", "Contact")
    years = range(FIRST_YEAR, timezone.localdate().year + 1)
    scales, recognitions, agreements, contacts = [], [], [], []
    for company in Company.objects.order_by("pk").iterator(chunk_size=BATCH):
        if company.above_scale is not None:
            scales += [
                ScaleYear(company=company, year=year, above_scale=company.above_scale, note=NOTE)
                for year in years
            ]
        if company.high_tech is not None:
            recognitions.append(
                Recognition(company=company, kind="high_tech", holds=company.high_tech)
            )
        if company.rd_institution:
            holds = company.rd_institution != "none"
            recognitions.append(
                Recognition(
                    company=company,
                    kind="rd_institution",
                    holds=holds,
                    level=company.rd_institution if holds else "",
                )
            )
        if company.comprehensive_support:
            agreements.append(Agreement(company=company, kind="comprehensive"))
        if company.cultivation_cap is not None:
            agreements.append(
                Agreement(
                    company=company, kind="cultivation", yearly_amount=company.cultivation_cap
                )
            )
        if company.contact_name or company.contact_phone:
            contacts.append(
                Contact(
                    company=company,
                    name=company.contact_name or "联系人",
                    phone=company.contact_phone,
                    is_main=True,
                )
            )
    ScaleYear.objects.bulk_create(scales, batch_size=BATCH)
    Recognition.objects.bulk_create(recognitions, batch_size=BATCH)
    Agreement.objects.bulk_create(agreements, batch_size=BATCH)
    Contact.objects.bulk_create(contacts, batch_size=BATCH)


def move_back(apps, schema_editor):
    """Today's state of each fact, as one column can hold it; what was dated is lost with it."""
    Company = apps.get_model("companies", "Company")
    ScaleYear = apps.get_model("companies", "ScaleYear")
    Recognition = apps.get_model("companies", "Recognition")
    Agreement = apps.get_model("companies", "Agreement")
    Contact = apps.get_model("companies", "Contact")
    levels = ("municipal", "provincial", "national")
    for company in Company.objects.order_by("pk").iterator(chunk_size=BATCH):
        scale = ScaleYear.objects.filter(company=company.pk).order_by("-year").first()
        company.above_scale = scale.above_scale if scale else None
        high_tech = list(Recognition.objects.filter(company=company.pk, kind="high_tech"))
        company.high_tech = any(row.holds for row in high_tech) if high_tech else None
        institutions = list(Recognition.objects.filter(company=company.pk, kind="rd_institution"))
        held = [row.level for row in institutions if row.holds]
        if institutions:
            company.rd_institution = max(held, key=levels.index) if held else "none"
        company.comprehensive_support = Agreement.objects.filter(
            company=company.pk, kind="comprehensive"
        ).exists()
        cultivation = (
            Agreement.objects.filter(company=company.pk, kind="cultivation").order_by("-pk").first()
        )
        company.cultivation_cap = cultivation.yearly_amount if cultivation else None
        contact = Contact.objects.filter(company=company.pk).order_by("-is_main", "pk").first()
        if contact:
            company.contact_name, company.contact_phone = contact.name, contact.phone
        company.save()
    ScaleYear.objects.all().delete()
    Recognition.objects.all().delete()
    Agreement.objects.all().delete()
    Contact.objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("companies", "0003_dated_facts")]

    operations = [migrations.RunPython(move, move_back)]
