from django.urls import path

from subsidies.applications import views

urlpatterns = [
    path("applications/", views.application_list, name="application_list"),
    path("policies/<slug:code>/apply/", views.application_create, name="application_create"),
    path("applications/<uuid:pk>/edit/", views.application_edit, name="application_edit"),
    path("applications/<uuid:pk>/submit/", views.application_submit, name="application_submit"),
    path(
        "applications/<uuid:pk>/withdraw/",
        views.application_withdraw,
        name="application_withdraw",
    ),
    path("applications/<uuid:pk>/files/", views.attachment_add, name="attachment_add"),
    path("attachments/<uuid:pk>/remove/", views.attachment_remove, name="attachment_remove"),
    path("attachments/<uuid:pk>/", views.attachment_download, name="attachment_download"),
]
