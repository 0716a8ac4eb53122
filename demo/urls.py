from django.urls import path

from demo import views

urlpatterns = [
    path(
        "demo/public-notices/<int:pk>/end/",
        views.end_public_notice,
        name="demo_end_public_notice",
    ),
]
