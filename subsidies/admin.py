from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.admin import ConfigurationAdmin, site
from accounts.locks import locked
from subsidies.models import BudgetLine, PolicyDocument
from subsidies.templatetags.money import yuan


class BudgetLineForm(forms.ModelForm):
    def clean_total(self) -> Decimal:
        total: Decimal = self.cleaned_data["total"]
        if total < self.instance.bound:
            raise forms.ValidationError(
                _(
                    "预算不能低于已预留和已批准的 %(bound)s 元：只能调减还没有占用的部分。"
                    "请填写不低于该数的金额。"
                )
                % {"bound": yuan(self.instance.bound)}
            )
        return total


class BudgetLineAdmin(ConfigurationAdmin):
    district_path = "district"
    form = BudgetLineForm
    list_display = ("year", "code", "name", "total", "reserved", "granted", "paid")
    list_filter = ("year", "district")
    # What the ledger counts is not typed in.
    readonly_fields = ("reserved", "granted", "paid")

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> BudgetLine | None:
        line = super().get_object(request, object_id, from_field)
        if line is None or request.method != "POST":
            return line
        # What is checked against the total must still stand when the total is written: grants
        # wait for this lock, as this waits for theirs.
        return locked(BudgetLine.objects.filter(pk=line.pk)).get()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """What entries were made on stays what it was for."""
        if obj is not None and obj.entries.exists():
            scope = ("district", "year", "document", "department", "item_code")
            return (*self.readonly_fields, *scope)
        return self.readonly_fields

    def save_model(self, request: HttpRequest, obj: BudgetLine, form: Any, change: bool) -> None:
        # Only what was typed in: the counters belong to the ledger.
        obj.save(update_fields=form.changed_data if change else None)


class PolicyDocumentAdmin(ConfigurationAdmin):
    """How a document's annual cap is shared; what it says is in its editions."""

    district_path = "district"
    list_display = ("code", "title", "number", "allocation")
    fields = ("code", "title", "number", "allocation")
    readonly_fields = ("code", "title", "number")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


site.register(BudgetLine, BudgetLineAdmin)
site.register(PolicyDocument, PolicyDocumentAdmin)
