from django.urls import path

from companies.directory import views

urlpatterns = [
    path("workspace/companies/", views.company_list, name="company_list"),
    path("workspace/companies/<int:pk>/", views.company_detail, name="company_detail"),
]
