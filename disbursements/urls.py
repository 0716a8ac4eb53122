from django.urls import path

from disbursements import accounts, views

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
    path("finance/batches/<uuid:pk>/list.xlsx", views.batch_download, name="batch_download"),
]
