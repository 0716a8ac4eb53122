import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("companies", "0002_credit_kinds"),
        ("subsidies", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="receipt",
            name="credit",
            field=models.JSONField(
                help_text="所依据的信用记录，及人工判断；早期的凭据没有这一项", null=True
            ),
        ),
        migrations.AlterField(
            model_name="receipt",
            name="reason",
            field=models.CharField(
                choices=[
                    ("submission", "提交"),
                    ("correction", "补正"),
                    ("review", "审核中重新校验"),
                    ("public_notice", "公示前"),
                    ("approval", "批准"),
                    ("payment", "拨付前"),
                    ("screening", "数据更新后筛查"),
                ],
                max_length=20,
                verbose_name="事由",
            ),
        ),
        migrations.CreateModel(
            name="CreditRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("blacklist", "严重失信主体名单"),
                            ("penalty", "行政处罚"),
                            ("abnormal", "异常名录"),
                            ("other", "其他"),
                        ],
                        max_length=10,
                        verbose_name="类别",
                    ),
                ),
                (
                    "grade",
                    models.CharField(
                        blank=True,
                        choices=[("minor", "轻微"), ("general", "一般"), ("serious", "严重")],
                        max_length=8,
                        verbose_name="等级",
                    ),
                ),
                (
                    "effect",
                    models.CharField(
                        choices=[
                            ("blocks", "一票否决"),
                            ("asks", "提示人工判断"),
                            ("none", "不影响"),
                        ],
                        max_length=8,
                        verbose_name="影响",
                    ),
                ),
                ("starts_on", models.DateField(verbose_name="起用日期")),
                ("reason", models.CharField(max_length=200, verbose_name="依据")),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                (
                    "document",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credit_rules",
                        to="subsidies.policydocument",
                        verbose_name="政策文件",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "信用规则",
                "verbose_name_plural": "信用规则",
            },
        ),
        migrations.CreateModel(
            name="CreditJudgement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("blacklist", "严重失信主体名单"),
                            ("penalty", "行政处罚"),
                            ("abnormal", "异常名录"),
                            ("other", "其他"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "grade",
                    models.CharField(
                        blank=True,
                        choices=[("minor", "轻微"), ("general", "一般"), ("serious", "严重")],
                        max_length=8,
                    ),
                ),
                ("matters", models.BooleanField(verbose_name="影响兑现")),
                ("text", models.TextField(verbose_name="理由")),
                ("at", models.DateTimeField(auto_now_add=True)),
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credit_judgements",
                        to="subsidies.application",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="companies.creditentry",
                    ),
                ),
            ],
            options={
                "verbose_name": "信用判断",
                "verbose_name_plural": "信用判断",
                "ordering": ["pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("text", ""), _negated=True),
                        name="credit_judgement_has_a_reason",
                    )
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="creditjudgement",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="21a357b67b4abf512a411dd71182d38d8a234623",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_af659",
                    table="subsidies_creditjudgement",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="creditjudgement",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'credit judgements are append-only';",
                    hash="ea72e8184faf15548f5f944b75f45a26d265845e",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_7bc55",
                    table="subsidies_creditjudgement",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="creditrule",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="33a285a51b2a91d43c8fec97c095d3c387a72ace",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_22f2d",
                    table="subsidies_creditrule",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="creditrule",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'credit rules are append-only';",
                    hash="cf7f28dc4781d7274d06d4738bbc729e97d2b1ac",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_452c5",
                    table="subsidies_creditrule",
                    when="BEFORE",
                ),
            ),
        ),
    ]
