"""Every room has its own addresses; this only says where they begin."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from accounts.admin import site
from config import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("workspace/start/", views.desk, name="desk"),
    path("", include("operations.urls")),
    path("language/", login_not_required(require_POST(set_language)), name="set_language"),
    # Before accounts: the demo's sign-in page names the people that one may be.
    *([path("", include("demo.urls"))] if settings.DEMO else []),
    path("", include("accounts.urls")),
    path("", include("companies.urls")),
    path("", include("subsidies.urls")),
    path("", include("reviews.notices.urls")),
    path("", include("reviews.urls")),
    path("", include("disbursements.urls")),
    path("admin/", site.urls),
]

handler400 = "config.errors.bad_request"
handler500 = "config.errors.server_error"
