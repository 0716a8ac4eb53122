from django.urls import include, path

from companies import views

urlpatterns = [
    path("company/", views.company_profile, name="company_profile"),
    path("workspace/companies/<int:pk>/credit/", views.company_credit, name="company_credit"),
    path("company/edit/", views.company_edit, name="company_edit"),
    path("company/account/withdraw/", views.account_withdraw, name="account_withdraw"),
    path("company/contacts/new/", views.contact_edit, name="contact_new"),
    path("company/contacts/<int:pk>/", views.contact_edit, name="contact_edit"),
    path("company/contacts/<int:pk>/remove/", views.contact_remove, name="contact_remove"),
    path("company/figures/declare/", views.figure_declare, name="figure_declare"),
    path("company/evidence/<str:kind>/<int:pk>/", views.evidence_attach, name="evidence_attach"),
    path("workspace/figures/<int:pk>/correct/", views.figure_correct, name="figure_correct"),
    path("industries/", views.industry_options, name="industry_options"),
    path("", include("companies.directory.urls")),
    path("", include("companies.imports.urls")),
    path("", include("companies.merging.urls")),
    path("", include("companies.registration.urls")),
    path("", include("companies.team.urls")),
    path("", include("companies.vault.urls")),
]
