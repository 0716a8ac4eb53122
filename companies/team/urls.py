from django.urls import path

from companies.team import views

urlpatterns = [
    path("company/team/", views.team, name="team"),
    path("company/team/<int:pk>/", views.member_edit, name="member_edit"),
    path("company/team/<int:pk>/end/", views.member_end, name="member_end"),
    path(
        "company/team/invitations/<uuid:pk>/revoke/",
        views.invitation_revoke,
        name="invitation_revoke",
    ),
    path("company/choose/", views.company_choose, name="company_choose"),
    path("invitations/<str:token>/", views.invitation, name="invitation"),
]
