from django.urls import path

from companies.vault import views

urlpatterns = [
    path("company/files/", views.vault, name="vault"),
    path("files/<uuid:pk>/", views.file_detail, name="file_detail"),
    path("files/<uuid:pk>/download/", views.file_download, name="file_download"),
    path("files/<uuid:pk>/pages/<int:number>.png", views.file_page, name="file_page"),
]
