from django.urls import path

from accounts.views import SignInView
from demo import views
from demo.people import PASSWORD, SIGN_INS

urlpatterns = [
    path(
        "login/",
        SignInView.as_view(sign_ins=SIGN_INS, demo_password=PASSWORD),
        name="account_login",
    ),
    path(
        "demo/public-notices/<int:pk>/end/",
        views.end_public_notice,
        name="demo_end_public_notice",
    ),
]
