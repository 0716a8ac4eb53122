"""What is kept beside a stored file: how it was found by the scanner, and its pages as pictures."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ScanState(models.TextChoices):
    """Whether a file may leave the company that gave it (`companies.vault.access`)."""

    PENDING = "pending", _("正在查毒")
    CLEAN = "clean", _("已查毒")
    INFECTED = "infected", _("有病毒，已隔离")
    UNSCANNED = "unscanned", _("未查毒")


def preview_path(instance: "PreviewPage", filename: str) -> str:
    file = instance.file_id.hex
    return f"previews/{file[:2]}/{file}-{instance.number}.png"


class PreviewPage(models.Model):
    """A page of a file, drawn anew as PNG: what a browser shows is never what was uploaded."""

    file = models.ForeignKey(
        "companies.StoredFile", on_delete=models.CASCADE, related_name="preview_pages"
    )
    number = models.PositiveSmallIntegerField()
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()
    image = models.FileField(upload_to=preview_path, max_length=100)

    class Meta:
        verbose_name = verbose_name_plural = _("预览页")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["file", "number"], name="preview_page_once"),
        ]

    def __str__(self) -> str:
        return f"{self.file} {self.number}"
