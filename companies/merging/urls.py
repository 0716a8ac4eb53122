from django.urls import path

from companies.merging import views

urlpatterns = [
    path("workspace/companies/duplicates/", views.duplicate_list, name="duplicate_list"),
    path(
        "workspace/companies/<int:pk>/merge/<int:removed_pk>/",
        views.company_merge,
        name="company_merge",
    ),
    path("workspace/merges/<int:pk>/undo/", views.merge_undo, name="merge_undo"),
]
