from django.urls import path

from reviews.views import applications, audit, bulk, cases, public_notices, worklist

urlpatterns = [
    path("workspace/", worklist.worklist, name="worklist"),
    path("workspace/approve/", bulk.bulk_approval, name="bulk_approval"),
    path("workspace/cases/", worklist.case_list, name="case_list"),
    path("workspace/cases/<uuid:pk>/", cases.case_detail, name="case_detail"),
    path("workspace/cases/<uuid:pk>/answer/", cases.case_answer, name="case_answer"),
    path("workspace/cases/<uuid:pk>/decide/", cases.case_decide, name="case_decide"),
    path(
        "workspace/cases/<uuid:pk>/credit/<int:entry>/judge/", cases.case_judge, name="case_judge"
    ),
    path("workspace/cases/<uuid:pk>/alert/", cases.case_alert, name="case_alert"),
    path("workspace/cases/<uuid:pk>/recuse/", cases.case_recuse, name="case_recuse"),
    path("workspace/audit/", audit.audit_log, name="audit_log"),
    path("workspace/audit/verify/", audit.audit_verify, name="audit_verify"),
    path(
        "applications/<uuid:pk>/",
        applications.application_detail,
        name="application_detail",
    ),
    path(
        "applications/<uuid:pk>/answer/",
        applications.application_answer,
        name="application_answer",
    ),
    path("public-notices/", public_notices.public_notice_list, name="public_notice_list"),
    path(
        "public-notices/<int:pk>/",
        public_notices.public_notice_detail,
        name="public_notice_detail",
    ),
]
