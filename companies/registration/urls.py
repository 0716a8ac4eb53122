from django.urls import path

from companies.registration import views

urlpatterns = [
    path("company/register/", views.company_register, name="company_register"),
    path("workspace/registrations/", views.registration_list, name="registration_list"),
    path(
        "workspace/registrations/<uuid:pk>/", views.registration_detail, name="registration_detail"
    ),
    path(
        "workspace/registrations/<uuid:pk>/confirm/",
        views.registration_confirm,
        name="registration_confirm",
    ),
    path(
        "workspace/registrations/<uuid:pk>/refuse/",
        views.registration_refuse,
        name="registration_refuse",
    ),
]
