from django.urls import path

from operations import health, metrics, views

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("workspace/status/", views.status, name="status"),
    path("workspace/status/reconcile/", views.ledger_reconcile, name="ledger_reconcile"),
    path("workspace/failed-jobs/", views.failed_jobs, name="failed_jobs"),
    path("workspace/failed-jobs/<int:pk>/again/", views.job_try_again, name="job_try_again"),
    path("workspace/failed-jobs/<int:pk>/sent/", views.job_was_sent, name="job_was_sent"),
]
