"""The models of all inner rooms, where Django looks for them."""

from subsidies.applications.models import Application, Attachment, Claim, Receipt
from subsidies.catalogue.models import Edition, Item, Level, PolicyDocument
from subsidies.credit.models import CreditJudgement, CreditRule
from subsidies.incidents.models import ReceiptIncident
from subsidies.ledger.models import Award, BudgetLine, CompanyYear, Freeze, LedgerEntry
from subsidies.ledger.settlement_models import Adjustment, Settlement, SettlementLine

__all__ = [
    "Adjustment",
    "Application",
    "Attachment",
    "Award",
    "BudgetLine",
    "Claim",
    "CompanyYear",
    "CreditJudgement",
    "CreditRule",
    "Edition",
    "Freeze",
    "Item",
    "LedgerEntry",
    "Level",
    "PolicyDocument",
    "Receipt",
    "ReceiptIncident",
    "Settlement",
    "SettlementLine",
]
