from django.urls import path

from subsidies.catalogue import desk, views

urlpatterns = [
    path("policies/", views.policy_list, name="policy_list"),
    path("policies/<slug:code>/", views.policy_detail, name="policy_detail"),
    path("policies/<slug:code>/estimate/", views.estimate_policy, name="estimate_policy"),
    path("workspace/editions/", desk.edition_list, name="edition_list"),
    path("documents/<slug:code>/", views.document_detail, name="document_detail"),
]
