"""The bare columns, now that every fact is dated (0004 moved what they held)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("companies", "0004_move_bare_facts")]

    operations = [
        migrations.RemoveConstraint(
            model_name="company",
            name="company_cultivation_cap_not_negative",
        ),
        migrations.RemoveField(
            model_name="company",
            name="above_scale",
        ),
        migrations.RemoveField(
            model_name="company",
            name="comprehensive_support",
        ),
        migrations.RemoveField(
            model_name="company",
            name="contact_name",
        ),
        migrations.RemoveField(
            model_name="company",
            name="contact_phone",
        ),
        migrations.RemoveField(
            model_name="company",
            name="cultivation_cap",
        ),
        migrations.RemoveField(
            model_name="company",
            name="high_tech",
        ),
        migrations.RemoveField(
            model_name="company",
            name="rd_institution",
        ),
    ]
