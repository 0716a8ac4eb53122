"""Industries that were typed without the letter of their section, as the picker keeps them."""

from django.db import migrations

from companies.profile.industries import code_of


def add_sections(apps, schema_editor):
    companies = apps.get_model("companies", "Company").objects
    bare = companies.filter(industry__regex="^[0-9]").order_by()
    for typed in bare.values_list("industry", flat=True).distinct():
        # What the standard does not know stays as it is.
        companies.filter(industry=typed).update(industry=code_of(typed) or typed)


class Migration(migrations.Migration):
    dependencies = [
        ("companies", "0018_both_names_of_two_people"),
    ]

    operations = [
        migrations.RunPython(add_sections, migrations.RunPython.noop, elidable=True),
    ]
