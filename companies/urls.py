from django.urls import path

from companies import views

urlpatterns = [
    path("company/", views.company_profile, name="company_profile"),
]
