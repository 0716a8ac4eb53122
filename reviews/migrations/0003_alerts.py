import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0002_officers"),
        ("subsidies", "0002_credit_rules"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Alert",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("changes", models.JSONField(default=list)),
                ("raised_at", models.DateTimeField(auto_now_add=True, verbose_name="发现时间")),
                (
                    "handled_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="处理时间"),
                ),
                ("note", models.CharField(blank=True, max_length=500, verbose_name="处理说明")),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="alerts",
                        to="reviews.case",
                    ),
                ),
                (
                    "handled_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "receipt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="subsidies.receipt",
                    ),
                ),
            ],
            options={
                "verbose_name": "变化提醒",
                "verbose_name_plural": "变化提醒",
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("handled_at__isnull", True)),
                        fields=("case",),
                        name="one_open_alert_a_case",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("handled_by__isnull", True),
                            ("handled_at__isnull", False),
                            _connector="OR",
                        ),
                        name="alert_handled_by_somebody_has_its_time",
                    ),
                ],
            },
        ),
    ]
