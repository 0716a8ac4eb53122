from django.urls import path

from subsidies.incidents import views

urlpatterns = [
    path("workspace/incidents/", views.incident_list, name="incident_list"),
    path("workspace/incidents/<int:pk>/", views.incident_detail, name="incident_detail"),
    path(
        "workspace/incidents/<int:pk>/acknowledge/",
        views.incident_acknowledge,
        name="incident_acknowledge",
    ),
]
