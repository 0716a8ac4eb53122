import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("companies", "0001_initial"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="creditentry",
            options={"verbose_name": "信用记录", "verbose_name_plural": "信用记录"},
        ),
        migrations.AddField(
            model_name="creditentry",
            name="as_of",
            field=models.DateField(
                null=True, help_text="来源查询或提供数据的日期。", verbose_name="数据截至"
            ),
        ),
        # Of the rows that stand nobody said when they were true.
        migrations.AlterField(
            model_name="creditentry",
            name="as_of",
            field=models.DateField(
                default=django.utils.timezone.localdate,
                help_text="来源查询或提供数据的日期。",
                null=True,
                verbose_name="数据截至",
            ),
        ),
        migrations.AddField(
            model_name="creditentry",
            name="grade",
            field=models.CharField(
                blank=True,
                choices=[("minor", "轻微"), ("general", "一般"), ("serious", "严重")],
                db_default="",
                default="",
                help_text="决定文书或信用中国标明的失信程度，没有标明就空着。",
                max_length=8,
                verbose_name="等级",
            ),
        ),
        migrations.AddField(
            model_name="creditentry",
            name="kind",
            field=models.CharField(
                choices=[
                    ("blacklist", "严重失信主体名单"),
                    ("penalty", "行政处罚"),
                    ("abnormal", "异常名录"),
                    ("other", "其他"),
                ],
                db_default="blacklist",
                default="blacklist",
                help_text="各类别对每项政策的影响，由政策管理人员在“信用规则”里设定。",
                max_length=10,
                verbose_name="类别",
            ),
        ),
        migrations.AddField(
            model_name="creditentry",
            name="valid_until",
            field=models.DateField(
                blank=True,
                help_text="最后一天，含当天。轻微最长 3 个月，一般 3 个月到 1 年，严重 1 到 3 年，从决定日期起算。空着则按等级的最长期限；没有等级的到修复为止。",
                null=True,
                verbose_name="公示到",
            ),
        ),
        migrations.AlterField(
            model_name="creditentry",
            name="company",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="credit_entries",
                to="companies.company",
                verbose_name="企业",
            ),
        ),
        migrations.AlterField(
            model_name="creditentry",
            name="listed_on",
            field=models.DateField(
                help_text="决定或列入之日，从这一天起有效。", verbose_name="决定日期"
            ),
        ),
        migrations.AlterField(
            model_name="creditentry",
            name="number",
            field=models.CharField(
                blank=True,
                help_text="决定文书的文号，拒绝兑现时要写给企业看。",
                max_length=80,
                verbose_name="文书号",
            ),
        ),
        migrations.AlterField(
            model_name="creditentry",
            name="repaired_on",
            field=models.DateField(
                blank=True,
                help_text="从这一天起不再有效，也不再向企业和经办人显示，只留作审计证据。",
                null=True,
                verbose_name="修复日期",
            ),
        ),
        migrations.AlterField(
            model_name="creditentry",
            name="source",
            field=models.CharField(
                default="信用中国",
                help_text="同一文书号几处说法不一时，以信用中国为准。",
                max_length=60,
                verbose_name="来源",
            ),
        ),
        migrations.AlterField(
            model_name="import",
            name="kind",
            field=models.CharField(
                choices=[
                    ("companies", "企业"),
                    ("figures", "年度数据"),
                    ("fiscal", "财政贡献"),
                    ("credit", "信用记录"),
                    ("incidents", "重大问题"),
                ],
                max_length=12,
                verbose_name="内容",
            ),
        ),
        migrations.AlterField(
            model_name="incident",
            name="company",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="incidents",
                to="companies.company",
                verbose_name="企业",
            ),
        ),
        migrations.AlterField(
            model_name="incident",
            name="date",
            field=models.DateField(
                help_text="按这一天所在的年度，不是认定的年度。", verbose_name="发生日期"
            ),
        ),
        migrations.AlterField(
            model_name="incident",
            name="kind",
            field=models.CharField(
                choices=[
                    ("safety", "安全生产"),
                    ("food", "食品安全"),
                    ("environment", "环境污染"),
                    ("quality", "产品质量"),
                    ("tax_evasion", "偷税"),
                    ("fraud", "欺诈"),
                    ("mass_incident", "重大群体性事件"),
                    ("idle_land", "大量空置土地"),
                    ("other_violation", "其他违法违规"),
                ],
                help_text="2024 年政策九（二）列举的问题。认定后，发生当年的事项不能享受。",
                max_length=20,
                verbose_name="类别",
            ),
        ),
        migrations.AlterField(
            model_name="incident",
            name="note",
            field=models.CharField(
                blank=True,
                help_text="认定的部门和文书号，简要情况。",
                max_length=200,
                verbose_name="说明",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_until__isnull", True),
                    ("valid_until__gte", models.F("listed_on")),
                    _connector="OR",
                ),
                name="credit_entry_valid_after_listing",
            ),
        ),
    ]
