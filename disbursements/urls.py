from django.urls import path

from disbursements import accounts, settlement_views, views

urlpatterns = [
    path("finance/", views.finance_home, name="finance_home"),
    path("finance/ledger/", views.ledger_list, name="ledger_list"),
    path("finance/accounts/", accounts.account_changes, name="account_changes"),
    path("finance/accounts/<int:pk>/check/", accounts.account_check, name="account_check"),
    path("finance/accounts/<int:pk>/confirm/", accounts.account_confirm, name="account_confirm"),
    path("finance/accounts/<int:pk>/refuse/", accounts.account_refuse, name="account_refuse"),
    path("finance/batches/", views.batch_list, name="batch_list"),
    path("finance/batches/new/", views.batch_create, name="batch_create"),
    path("finance/batches/total/", views.batch_total, name="batch_total"),
    path("finance/batches/<uuid:pk>/", views.batch_detail, name="batch_detail"),
    path("finance/batches/<uuid:pk>/approve/", views.batch_approve, name="batch_approve"),
    path("finance/batches/<uuid:pk>/cancel/", views.batch_cancel, name="batch_cancel"),
    path("finance/batches/<uuid:pk>/pay/", views.batch_pay, name="batch_pay"),
    path("finance/results/", views.bank_results, name="bank_results"),
    path("finance/years/", settlement_views.year_list, name="year_list"),
    path("finance/years/<int:pk>/", settlement_views.year_detail, name="year_detail"),
    path("finance/years/<int:pk>/settle/", settlement_views.year_settle, name="year_settle"),
    path(
        "finance/adjustments/<int:pk>/agree/",
        settlement_views.adjustment_agree,
        name="adjustment_agree",
    ),
    path(
        "finance/adjustments/<int:pk>/drop/",
        settlement_views.adjustment_drop,
        name="adjustment_drop",
    ),
    path("finance/lines/<int:pk>/", views.line_detail, name="line_detail"),
    path("finance/lines/<int:pk>/fail/", views.line_fail, name="line_fail"),
    path("finance/lines/<int:pk>/claw-back/", views.line_claw_back, name="line_claw_back"),
    path("finance/clawbacks/", views.clawback_list, name="clawback_list"),
    path("finance/clawbacks/<uuid:pk>/", views.clawback_detail, name="clawback_detail"),
    path("finance/clawbacks/<uuid:pk>/confirm/", views.clawback_confirm, name="clawback_confirm"),
    path("finance/clawbacks/<uuid:pk>/drop/", views.clawback_drop, name="clawback_drop"),
    path("finance/clawbacks/<uuid:pk>/receive/", views.clawback_receive, name="clawback_receive"),
    path("finance/batches/<uuid:pk>/list.xlsx", views.batch_download, name="batch_download"),
]
