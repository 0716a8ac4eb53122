from django.urls import path

from reviews.notices import views

urlpatterns = [
    path("verify/", views.notice_verify, name="notice_verify"),
    path("verify/<str:code>/", views.notice_verify_code, name="notice_verify_code"),
    path("notices/<uuid:pk>/", views.notice_download, name="notice_download"),
]
