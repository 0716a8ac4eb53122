from copy import copy
from typing import Any, cast
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin import (
    ConfigurationAdmin,
    FreshlySigned,
    OwnDistricts,
    has_office,
    person_of,
    site,
)
from accounts.models import Role
from audit.services import record
from companies import uscc
from companies.figures import companies_changed_by
from companies.merging.relations import has_history
from companies.models import (
    Agreement,
    Company,
    CreditEntry,
    Incident,
    IndustryIntensity,
    Measure,
    Member,
    Recognition,
    ScaleYear,
    Source,
    SourceRule,
    YearlyFigure,
)
from companies.signals import facts_changed
from companies.team.enums import MemberRole


class MemberForm(forms.ModelForm):
    """Whose row it is stays: past acts name it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["user"].disabled = True


class MemberFormSet(forms.BaseInlineFormSet):
    """Each row is held to those that are there already; the rows to each other here."""

    def clean(self) -> None:
        super().clean()
        members = [form.instance for form in self.forms]
        legal = [one for one in members if one.role == MemberRole.LEGAL and not one.ended_at]
        if len(legal) > 1 and not any(self.errors):
            raise forms.ValidationError(_("一家企业只有一名法定代表人，请只留一名。"))


class MemberInline(OwnDistricts, admin.TabularInline):
    model = Member
    form = MemberForm
    formset = MemberFormSet
    extra = 0
    # The remedy where nobody is left in a company who may invite; scopes are the company's own.
    fields = ("user", "role", "ends_on", "ended_at")
    autocomplete_fields = ("user",)

    def has_view_permission(self, request, obj=None):  # type: ignore[no-untyped-def]
        return has_office(request, Role.ADMINISTRATOR)

    has_add_permission = has_change_permission = has_view_permission

    def has_delete_permission(self, request, obj=None):  # type: ignore[no-untyped-def]
        return False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "user" and field is not None:
            assert field.queryset is not None
            field.queryset = field.queryset.exclude(pk=person_of(request).pk)
            field.error_messages["invalid_choice"] = _(
                "请选择另一个人。本人不能把自己加入企业，须由另一位管理人员办理。"
            )
        return field


class FactsAdmin(ConfigurationAdmin):
    """Facts about companies: what was concluded from them is screened again. Those of a company
    that the person belongs to, or ever did, another one keeps."""

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        rows = super().get_queryset(request)
        own = Company.objects.ever_of([person_of(request)]).values("pk")
        return rows.exclude(**{"pk__in" if self.model is Company else "company__in": own})

    def get_form(  # type: ignore[override]
        self, request: HttpRequest, obj: Any = None, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, **kwargs)
        if obj and "company" in form.base_fields:
            # Its paper and what was concluded from it are that company's. A field that the form
            # lacked would not be asked whether the company has the like already.
            form.base_fields["company"].disabled = True
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        company = obj if isinstance(obj, Company) else obj.company
        if company.ever_had([person_of(request)]):
            raise PermissionDenied
        super().save_model(request, obj, form, change)
        facts_changed.send(
            type(obj), district=company.district, company=company, cause=f"typed:{uuid4()}"
        )


class CompanyForm(forms.ModelForm):
    def clean_uscc(self) -> str:
        """Nobody is asked here to stand by a doubtful code: a table or a registration asks."""
        code = uscc.normalise(self.cleaned_data["uscc"])
        if self.instance.pk and code == self.initial.get("uscc"):
            return code
        if fault := uscc.fault(code):
            raise forms.ValidationError(fault)
        if uscc.verdict(code) is uscc.Verdict.CONFIRM:
            raise forms.ValidationError(
                _("代码末位校验不符，请对照营业执照核对。确实如此的，请用“导入”，确认后写入。")
            )
        return code


class CompanyAdmin(FreshlySigned, FactsAdmin):
    form = CompanyForm
    district_path = "district"
    list_display = ("name", "uscc", "district", "street", "industry")
    list_filter = ("district", "street")
    search_fields = ("name", "uscc")
    ordering = ("pk",)
    inlines = (MemberInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # What was filed and granted names them: nobody retypes them alone.
        return ("uscc", "district") if obj and has_history(obj) else ()

    def save_model(self, request: HttpRequest, obj: Company, form: Any, change: bool) -> None:
        if change:
            # The company's people who have its form open are told that it changed.
            Company.objects.filter(pk=obj.pk).update(revision=F("revision") + 1)
            obj.refresh_from_db(fields=["revision"])
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for row in formset.forms:
            if row.has_changed():
                row.instance.given_by = person_of(request)
        super().save_formset(request, form, formset, change)


class YearlyFigureAdmin(FactsAdmin):
    """All but the fiscal contribution, which finance keeps and administrators are not shown."""

    district_path = "company__district"
    list_display = ("company", "year", "measure", "value", "source", "as_of")
    list_filter = ("year", "source")
    search_fields = ("company__name", "company__uscc")
    autocomplete_fields = ("company",)
    fields = ("company", "year", "measure", "value", "source", "as_of", "is_audited")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[YearlyFigure]":
        return super().get_queryset(request).exclude(measure=Measure.FISCAL_CONTRIBUTION)

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **given: Any) -> Any:
        if db_field.name == "measure":
            given["choices"] = [
                choice for choice in Measure.choices if choice[0] != Measure.FISCAL_CONTRIBUTION
            ]
        return super().formfield_for_choice_field(db_field, request, **given)

    def save_model(self, request: HttpRequest, obj: YearlyFigure, form: Any, change: bool) -> None:
        obj.entered_by, obj.entered_at = person_of(request), timezone.now()
        paper, mark = obj.evidence_id, obj.is_audited
        if change and {"year", "measure", "value", "source"} & set(form.changed_data):
            # The paper and the mark were those of the figure that was there.
            obj.evidence = None
            obj.is_audited &= "is_audited" in form.changed_data
        super().save_model(request, obj, form, change)
        if (paper, mark) != (obj.evidence_id, obj.is_audited):
            record(
                "evidence.dropped", about=obj, by=person_of(request), before=paper, is_audited=mark
            )
            self.message_user(
                request,
                _("数据变了，原来的依据文件和“经审计”不再算数，有新的请重新附上。"),
                messages.WARNING,
            )


class SourceRuleForm(forms.ModelForm):
    """What another order would change is told first; the same form sent again saves it. One that
    changes nothing is saved at once."""

    reason = forms.CharField(
        label=_("原因"),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("留作审计依据。"),
        error_messages={"required": _("请写明原因")},
    )
    # What was told of: for how many companies, of which district and measure, and the order.
    told = forms.CharField(required=False, widget=forms.HiddenInput)
    # What is asked before it is saved, and for how many companies another figure speaks then.
    question = ""
    count = 0

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        rule = copy(self.instance)
        for name in ("district", "measure", "first", "second", "third", "audited_first"):
            if name in data:
                setattr(rule, name, data[name])
        if self.errors or len(set(rule.order)) < len(Source):
            return data
        self.count = companies_changed_by(rule)
        what = (rule.district_id, rule.measure, *rule.order, rule.audited_first)
        told = " ".join(str(part) for part in (self.count, *what))
        if self.count and data["told"] != told:
            typed = cast(QueryDict, self.data).copy()
            typed["told"] = told
            self.data = typed
            self.question = _(
                "还没有保存。保存后，%(count)d 家企业的“%(measure)s”改用另一来源的数据。"
                "确认的，请再按一次“保存”。"
            ) % {"count": self.count, "measure": rule.get_measure_display()}
            self.add_error(None, self.question)
        return data


def default_order() -> str:
    order = "、".join(str(Source(source).label) for source in SourceRule().order)
    return gettext("没有设规则的指标，按这个次序取数：%(order)s") % {"order": order}


class SourceRuleAdmin(ConfigurationAdmin):
    form = SourceRuleForm
    district_path = "district"
    list_display = ("measure", "district", "first", "second", "third", "audited_first")
    list_filter = ("district",)
    labels = {"reason": _("原因"), "companies": _("改用另一来源的企业数")}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # Of another measure another rule speaks.
        return ("district", "measure") if obj else ()

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, {"subtitle": default_order()})

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if context["original"] is None:
            context["subtitle"] = default_order()
        form = context["adminform"].form
        if form.question and form.errors == {NON_FIELD_ERRORS: [form.question]}:
            # It is a question: nothing is wrong with what was typed.
            form.errors.clear()
            context["errors"] = []
            self.message_user(request, form.question, messages.WARNING)
        return super().render_change_form(request, context, *args, **kwargs)

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        changes = super().construct_change_message(request, form, formsets, add)
        # With the number of companies that the person was told of.
        changes.pop("told", None)
        changes["companies"] = [None, form.count]
        return changes

    def save_model(self, request: HttpRequest, obj: SourceRule, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        facts_changed.send(SourceRule, district=obj.district, company=None, cause=f"rule:{uuid4()}")


class ScaleYearAdmin(FactsAdmin):
    district_path = "company__district"
    list_display = ("company", "year", "above_scale", "source", "note")
    list_filter = ("year", "above_scale")
    search_fields = ("company__name", "company__uscc")
    autocomplete_fields = ("company",)
    fields = ("company", "year", "above_scale", "source", "note")


class RecognitionAdmin(FactsAdmin):
    district_path = "company__district"
    list_display = ("company", "kind", "holds", "level", "number", "valid_from", "valid_until")
    list_filter = ("kind", "level")
    search_fields = ("company__name", "company__uscc", "number")
    autocomplete_fields = ("company",)
    fields = ("company", "kind", "holds", "level", "number", "valid_from", "valid_until")


class AgreementAdmin(FactsAdmin):
    district_path = "company__district"
    list_display = ("company", "kind", "yearly_amount", "valid_from", "valid_until")
    list_filter = ("kind",)
    search_fields = ("company__name", "company__uscc", "number")
    autocomplete_fields = ("company",)
    fields = ("company", "kind", "yearly_amount", "number", "valid_from", "valid_until")


class CreditEntryAdmin(FactsAdmin):
    district_path = "company__district"
    list_display = (
        "company",
        "kind",
        "grade",
        "title",
        "number",
        "source",
        "listed_on",
        "valid_until",
        "repaired_on",
    )
    list_filter = ("kind", "grade", "source")
    date_hierarchy = "listed_on"
    fields = (
        "company",
        "kind",
        "grade",
        "title",
        "number",
        "source",
        "listed_on",
        "valid_until",
        "repaired_on",
        "as_of",
    )
    search_fields = ("company__name", "company__uscc", "number", "title")
    autocomplete_fields = ("company",)


class IncidentAdmin(FactsAdmin):
    district_path = "company__district"
    list_display = ("company", "kind", "date", "note")
    list_filter = ("kind",)
    search_fields = ("company__name", "company__uscc")
    autocomplete_fields = ("company",)


site.register(Company, CompanyAdmin)
site.register(ScaleYear, ScaleYearAdmin)
site.register(Recognition, RecognitionAdmin)
site.register(Agreement, AgreementAdmin)
site.register(SourceRule, SourceRuleAdmin)
site.register(YearlyFigure, YearlyFigureAdmin)
site.register(CreditEntry, CreditEntryAdmin)
site.register(Incident, IncidentAdmin)
site.register(IndustryIntensity, ConfigurationAdmin)
