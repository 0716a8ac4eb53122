"""What Prometheus asks for: requests, as django-prometheus counts them, and the vitals."""

import os
from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from operations import vitals


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """For whoever brings METRICS_TOKEN (Authorization: Bearer ...); without the setting nobody."""
    if not settings.METRICS_TOKEN:
        raise Http404
    if not constant_time_compare(
        request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}"
    ):
        raise PermissionDenied
    pages = [generate_latest(_requests()), generate_latest(_vitals())]
    return HttpResponse(b"".join(pages), content_type=CONTENT_TYPE_LATEST)


def _requests() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    # Each of gunicorn's processes counts for itself, in files.
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return registry


def _vitals() -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_Vitals())
    return registry


class _Vitals(Collector):
    def collect(self) -> Iterator[GaugeMetricFamily]:
        now = vitals.take()
        oldest = now.oldest_job.total_seconds() if now.oldest_job else 0
        for name, text, value in (
            ("redis_up", "Whether Redis answers", now.redis),
            ("outbox_open_jobs", "Jobs that are queued or running", now.queue),
            ("outbox_oldest_job_seconds", "How long the oldest due job has waited", oldest),
            ("outbox_dead_jobs", "Jobs that were given up", now.dead_jobs),
            ("approvals_frozen", "Whether approvals are frozen", now.is_frozen),
            ("receipt_incidents_open", "Incidents nobody looked into", now.open_incidents),
            ("disk_free_percent", "Of the disk that uploads go to", now.disk_free_percent),
        ):
            yield GaugeMetricFamily(f"subsidies_{name}", text, value)
        ages = {"beat": now.last_tick, "act": now.last_act}
        age = GaugeMetricFamily("subsidies_age_seconds", "Since the last of each", labels=["of"])
        ages |= {subject: row.at for subject, row in now.inspections.items()}
        for subject, at in ages.items():
            if at is not None:
                age.add_metric([subject], (timezone.now() - at).total_seconds())
        yield age
        faults = GaugeMetricFamily(
            "subsidies_inspection_faults", "Faults that the last look found", labels=["of"]
        )
        for subject, row in now.inspections.items():
            faults.add_metric([subject], row.faults)
        yield faults
