from django.urls import path

from companies.imports import views

urlpatterns = [
    path("workspace/imports/", views.import_list, name="import_list"),
    path(
        "workspace/imports/templates/<slug:kind>.xlsx",
        views.import_template,
        name="import_template",
    ),
    path("workspace/imports/<uuid:pk>/", views.import_detail, name="import_detail"),
    path("workspace/imports/<uuid:pk>/progress/", views.import_progress, name="import_progress"),
    path("workspace/imports/<uuid:pk>/confirm/", views.import_confirm, name="import_confirm"),
    path("workspace/imports/<uuid:pk>/discard/", views.import_discard, name="import_discard"),
    path("workspace/imports/<uuid:pk>/file/", views.import_file, name="import_file"),
    path(
        "workspace/imports/<uuid:pk>/faults.<slug:ending>",
        views.import_faults,
        name="import_faults",
    ),
]
