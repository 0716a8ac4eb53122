from django.urls import include, path

from companies import views

urlpatterns = [
    path("company/", views.company_profile, name="company_profile"),
    path("workspace/companies/<int:pk>/credit/", views.company_credit, name="company_credit"),
    path("", include("companies.directory.urls")),
    path("", include("companies.imports.urls")),
    path("", include("companies.merging.urls")),
    path("", include("companies.registration.urls")),
    path("", include("companies.team.urls")),
    path("", include("companies.vault.urls")),
]
