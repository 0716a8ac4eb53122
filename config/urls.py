"""Every room has its own addresses; this only says where they begin."""

from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

from accounts.admin import site
from config import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("language/", login_not_required(set_language), name="set_language"),
    path("", include("accounts.urls")),
    path("", include("companies.urls")),
    path("", include("subsidies.urls")),
    path("admin/", site.urls),
]
