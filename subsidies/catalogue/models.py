"""The policy documents, their dated editions, and what each edition offers.

`Edition.body` is the truth: the engine's values are compiled from it. Items and levels repeat
of it what pages search, sort and link. What is published is held fast by triggers.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Self

import pgtrigger
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Department, District
from subsidies.catalogue import published
from subsidies.catalogue.compiler import Body
from subsidies.catalogue.vocabulary import FORMULAS
from subsidies.rules import edition as rules

_REFUSAL = "RAISE EXCEPTION 'a published edition never changes: load a new edition';"


def _held_fast(edition_is_published: str) -> list[pgtrigger.Trigger]:
    """Triggers that refuse every change to the rows of a published edition.

    `edition_is_published` is the SQL condition on `row`, which stands for OLD or NEW. A level
    can't be moved out of a published edition (OLD) or into one (NEW).
    """
    return [
        pgtrigger.Trigger(
            name="published_is_held_fast",
            operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
            when=pgtrigger.Before,
            func=f"""
                IF TG_OP <> 'INSERT' AND {edition_is_published.replace("row.", "OLD.")} THEN
                    {_REFUSAL}
                END IF;
                IF TG_OP <> 'DELETE' AND {edition_is_published.replace("row.", "NEW.")} THEN
                    {_REFUSAL}
                END IF;
                IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                RETURN NEW;
            """,
        ),
        _not_truncated(),
    ]


def _not_truncated() -> pgtrigger.Trigger:
    # Row triggers, and so pgtrigger.Protect, do not see a TRUNCATE.
    return pgtrigger.Trigger(
        name="published_is_not_truncated",
        operation=pgtrigger.Truncate,
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        func=f"""
            IF EXISTS (SELECT FROM subsidies_edition WHERE status = 'published') THEN
                {_REFUSAL}
            END IF;
            RETURN NULL;
        """,
    )


class Allocation(models.TextChoices):
    """How claims share an annual cap (`rules.question.Allocation`)."""

    IN_ORDER = "in_order", _("按受理先后")
    PROPORTIONAL = "proportional", _("按比例")


class PolicyDocument(models.Model):
    """A policy document of a district: what it is called and who issued it."""

    class Level(models.TextChoices):
        DISTRICT = "district", _("区级")
        CITY = "city", _("市级")

    district = models.ForeignKey(
        District, on_delete=models.PROTECT, related_name="+", verbose_name=_("区县")
    )
    code = models.SlugField(_("代码"), max_length=20, unique=True)
    title = models.CharField(_("名称"), max_length=200)
    issuer = models.CharField(_("发文机关"), max_length=200)
    number = models.CharField(_("文号"), max_length=60, blank=True)
    level = models.CharField(_("层级"), max_length=10, choices=Level)
    allocation = models.CharField(
        _("年度总量的分配"),
        max_length=12,
        choices=Allocation,
        default=Allocation.IN_ORDER,
        db_default=Allocation.IN_ORDER,
        help_text=_("年度结算时用。文件没有写明，按受理先后或按比例是我们的理解。"),
    )

    class Meta:
        verbose_name = verbose_name_plural = _("政策文件")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("document_detail", args=[self.code])


class EditionQuerySet(models.QuerySet["Edition"]):
    def published(self) -> Self:
        return self.filter(status=Edition.Status.PUBLISHED)

    def current(self) -> Self:
        """The newest published edition of each document; the name ends with its date."""
        newest = (
            Edition.objects.published()
            .order_by("document_id", "-name")
            .distinct("document_id")
            .values("pk")
        )
        return self.filter(pk__in=newest)

    def for_list(self) -> Self:
        """Load what one row of the list page shows, in one query, without the bodies."""
        return (
            self.select_related("document__district")
            .defer("body")
            .order_by("document__district", "document", "-name")
        )


class Edition(models.Model):
    """One dated version of a document as data. Once published it never changes."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("草稿")
        PUBLISHED = "published", _("已发布")

    document = models.ForeignKey(
        PolicyDocument,
        on_delete=models.PROTECT,
        related_name="editions",
        verbose_name=_("文件"),
    )
    name = models.SlugField(_("版本"), max_length=40, unique=True)
    in_force_from = models.DateField(_("施行日期"), null=True, blank=True)
    body = models.JSONField(_("内容"))
    sha256 = models.CharField(_("内容指纹"), max_length=64, unique=True)
    status = models.CharField(_("状态"), max_length=10, choices=Status, default=Status.DRAFT)
    loaded_at = models.DateTimeField(_("载入时间"), auto_now_add=True)
    published_at = models.DateTimeField(_("发布时间"), null=True, blank=True)

    objects = EditionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("政策版本")
        ordering = ["document", "-name"]
        constraints = [
            models.CheckConstraint(
                name="edition_published_has_its_time",
                condition=Q(status="published", published_at__isnull=False)
                | Q(status="draft", published_at__isnull=True),
            ),
            models.CheckConstraint(
                name="edition_sha256_is_a_hash",
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="published_is_held_fast",
                operation=pgtrigger.Update | pgtrigger.Delete,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(old__status="published"),
                func=_REFUSAL,
            ),
            _not_truncated(),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return self.document.get_absolute_url()

    @property
    def is_published(self) -> bool:
        return self.status == self.Status.PUBLISHED

    @property
    def rules_document(self) -> rules.Document:
        """The document as the engine takes it."""
        return published.compiled(self.sha256)[0]

    @property
    def summary(self) -> str:
        return str(self.body["document"]["summary"])

    @property
    def interpretations(self) -> list[str]:
        """The readings chosen for the whole document, its period and its rules."""
        events = self.body["events"]
        return [
            *self.body.get("interpretations", ()),
            *([events["interpretation"]] if "interpretation" in events else ()),
            *(rule["interpretation"] for rule in self.body["rules"] if "interpretation" in rule),
        ]


class ItemQuerySet(models.QuerySet["Item"]):
    def published(self) -> Self:
        return self.filter(edition__status=Edition.Status.PUBLISHED)

    def current(self) -> Self:
        """The items that may be applied for now: those of the current editions."""
        return self.filter(edition__in=Edition.objects.current())

    def for_list(self) -> Self:
        """Load what one row of the list page shows, levels and departments included."""
        return (
            self.select_related("edition__document__district")
            .defer("edition__body")
            .prefetch_related("levels", "item_departments__department")
            .order_by("edition__document__district", "edition__document", "order")
        )


class Item(models.Model):
    """One thing that may be applied for, as one edition has it."""

    edition = models.ForeignKey(
        Edition, on_delete=models.CASCADE, related_name="items", verbose_name=_("版本")
    )
    code = models.SlugField(_("代码"), max_length=30)
    clause = models.CharField(_("条款"), max_length=60)
    title = models.CharField(_("名称"), max_length=100)
    summary = models.TextField(_("说明"))
    formula = models.CharField(
        _("计算方式"),
        max_length=20,
        choices=[(formula.value, label) for formula, label in FORMULAS.items()],
    )
    departments = models.ManyToManyField(
        Department,
        through="ItemDepartment",
        related_name="+",
        verbose_name=_("责任部门"),
    )
    order = models.PositiveSmallIntegerField(_("顺序"))

    objects = ItemQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("政策事项")
        ordering = ["edition", "order"]
        constraints = [
            models.UniqueConstraint(fields=["edition", "code"], name="item_code_once"),
            models.UniqueConstraint(fields=["edition", "order"], name="item_order_once"),
        ]
        triggers = _held_fast(
            "EXISTS (SELECT FROM subsidies_edition e"
            " WHERE e.id = row.edition_id AND e.status = 'published')"
        )

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("policy_detail", args=[self.code])

    @property
    def is_open(self) -> bool:
        """Whether it can be applied for: not before the implementing rules name an amount."""
        return self.formula != rules.Formula.UNSPECIFIED

    @property
    def is_ladder(self) -> bool:
        """Whether later levels of it pay only the difference to earlier ones."""
        return self.formula in (rules.Formula.LADDER, rules.Formula.LADDER_UP_TO)

    @property
    def rules_item(self) -> rules.Item:
        """The item as the engine takes it."""
        return published.compiled(self.edition.sha256)[1][self.code]

    @property
    def body(self) -> Body:
        """The item's part of the edition: labels, questions and materials for its forms."""
        return published.item_body(self.edition.sha256, self.code)

    @property
    def leads(self) -> list[Department]:
        """The lead departments, the main one first."""
        return self._departments(ItemDepartment.Role.LEAD)

    @property
    def co_departments(self) -> list[Department]:
        return self._departments(ItemDepartment.Role.CO)

    def _departments(self, role: "ItemDepartment.Role") -> list[Department]:
        # Sorted and filtered here, so that a list page's prefetch serves every item.
        rows = sorted(self.item_departments.all(), key=lambda row: row.position)
        return [row.department for row in rows if row.role == role]

    @property
    def subject_label(self) -> str:
        """What the subject is called; empty where the award is for the company itself."""
        return str(self.body.get("subject_label", ""))

    @property
    def event_label(self) -> str:
        return str(self.body["event_label"])

    @property
    def materials(self) -> Sequence[dict[str, Any]]:
        """What to attach: rows of `code` (may be missing), `name`, `required`."""
        return list(self.body["materials"])


class ItemDepartment(models.Model):
    """A department's part in an item; position 0 among the leads is the main department."""

    class Role(models.TextChoices):
        LEAD = "lead", _("牵头部门")
        CO = "co", _("协同部门")

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="item_departments")
    department = models.ForeignKey(
        Department, on_delete=models.PROTECT, related_name="+", verbose_name=_("部门")
    )
    role = models.CharField(_("分工"), max_length=10, choices=Role)
    position = models.PositiveSmallIntegerField(_("顺序"))

    class Meta:
        verbose_name = verbose_name_plural = _("责任部门")
        ordering = ["item", "-role", "position"]
        constraints = [
            models.UniqueConstraint(fields=["item", "department"], name="item_department_once"),
            models.UniqueConstraint(
                fields=["item", "role", "position"],
                name="item_department_position_once",
            ),
        ]
        triggers = _held_fast(
            "EXISTS (SELECT FROM subsidies_item i JOIN subsidies_edition e ON e.id = i.edition_id"
            " WHERE i.id = row.item_id AND e.status = 'published')"
        )

    def __str__(self) -> str:
        return f"{self.item}·{self.department}"


class Level(models.Model):
    """One row of an item's amounts."""

    item = models.ForeignKey(
        Item, on_delete=models.CASCADE, related_name="levels", verbose_name=_("事项")
    )
    code = models.SlugField(_("代码"), max_length=40)
    title = models.CharField(_("名称"), max_length=100)
    hint = models.TextField(_("说明"), blank=True)
    amount = models.DecimalField(
        _("金额（元）"), max_digits=14, decimal_places=2, null=True, blank=True
    )
    rate = models.CharField(_("比例"), max_length=20, blank=True)
    ceiling = models.BooleanField(_("最高可得"), default=False)
    order = models.PositiveSmallIntegerField(_("顺序"))

    class Meta:
        verbose_name = verbose_name_plural = _("档次")
        ordering = ["item", "order"]
        constraints = [
            models.UniqueConstraint(fields=["item", "code"], name="level_code_once"),
            models.UniqueConstraint(fields=["item", "order"], name="level_order_once"),
            models.CheckConstraint(
                name="level_amount_is_positive",
                condition=Q(amount__isnull=True) | Q(amount__gt=Decimal(0)),
            ),
        ]
        triggers = _held_fast(
            "EXISTS (SELECT FROM subsidies_item i JOIN subsidies_edition e ON e.id = i.edition_id"
            " WHERE i.id = row.item_id AND e.status = 'published')"
        )

    def __str__(self) -> str:
        return self.title

    @property
    def rules_level(self) -> rules.Level:
        """The level as the engine takes it."""
        return self.item.rules_item.levels[self.code]

    @property
    def claim_questions(self) -> list[tuple[str, str]]:
        """The facts that a claim of this level needs, each with the question to put."""
        return published.claim_questions(self.item.edition.sha256, self.item.code, self.code)
