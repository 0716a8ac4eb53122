from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from subsidies.api import EstimateView

urlpatterns = [
    path("", include("subsidies.catalogue.urls")),
    path("", include("subsidies.applications.urls")),
    path("", include("subsidies.credit.urls")),
    path("", include("subsidies.incidents.urls")),
    path("api/v1/estimates/", login_not_required(EstimateView.as_view()), name="estimates"),
    path("api/v1/schema/", login_not_required(SpectacularAPIView.as_view()), name="api_schema"),
]
