from django.urls import path

from subsidies.credit import views

urlpatterns = [
    path("workspace/credit-rules/", views.credit_rules, name="credit_rules"),
]
