from django.urls import include, path

from companies import views

urlpatterns = [
    path("company/", views.company_profile, name="company_profile"),
    path("", include("companies.imports.urls")),
    path("", include("companies.vault.urls")),
]
