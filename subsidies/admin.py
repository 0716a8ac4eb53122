from accounts.admin import ConfigurationAdmin, site
from subsidies.models import BudgetLine


class BudgetLineAdmin(ConfigurationAdmin):
    list_display = ("year", "code", "name", "total", "granted", "paid")
    list_filter = ("year", "district")
    # What the ledger counts is not typed in.
    readonly_fields = ("granted", "paid")


site.register(BudgetLine, BudgetLineAdmin)
