"""The closed lists of the profile."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class RdInstitution(models.TextChoices):
    NONE = "none", _("没有")
    MUNICIPAL = "municipal", _("市级")
    PROVINCIAL = "provincial", _("省级")
    NATIONAL = "national", _("国家级")


class RecognitionKind(models.TextChoices):
    HIGH_TECH = "high_tech", _("高新技术企业")
    RD_INSTITUTION = "rd_institution", _("研发机构")


class AgreementKind(models.TextChoices):
    COMPREHENSIVE = "comprehensive", _("综合扶持")
    CULTIVATION = "cultivation", _("培育期约定")


class Measure(models.TextChoices):
    RD_SPEND = "rd_spend", _("研发投入")
    REVENUE = "revenue", _("营业收入")
    FISCAL_CONTRIBUTION = "fiscal_contribution", _("财政贡献")
    INVESTMENT = "investment", _("固定资产投资")
    ASSETS = "assets", _("资产总额")
    STAFF = "staff", _("从业人员")


class Source(models.TextChoices):
    """Where a figure comes from, the most trusted first where a district says nothing else."""

    TAX = "tax", _("税务导入")
    STATISTICS = "statistics", _("统计导入")
    DECLARED = "declared", _("企业申报")
