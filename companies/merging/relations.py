"""Which rows go over when two companies become one: all that point at a company, but for those
that a room says must stay where they were written."""

from collections.abc import Iterator

from django.db import models

from companies.models import Company, YearlyFigure

# Tables by their labels. Their rows are history that is read through `Company.rows()`; rooms
# further on add theirs when the applications are loaded.
STAYS = {"companies.Merge"}


def relations(*, all_tables: bool = False) -> Iterator[tuple[type[models.Model], str]]:
    """Every table whose rows go over, or really every one, with the column that points at the
    company."""
    for field in Company._meta.get_fields(include_hidden=True):
        if field.auto_created and not field.concrete and not field.many_to_many:
            model = field.related_model
            assert isinstance(model, type)
            assert issubclass(model, models.Model)
            if all_tables or model._meta.label not in STAYS:
                yield model, field.field.name  # type: ignore[union-attr]


def moving_rows(
    model: type[models.Model], column: str, removed: Company
) -> models.QuerySet[models.Model]:
    """The rows of a table that may go over. A frozen figure stays: what was granted to the row
    rests on it, and a later correction is counted against the same."""
    rows = model._base_manager.filter(**{column: removed})
    if model is YearlyFigure:
        rows = rows.filter(frozen_at__isnull=True)
    return rows


def has_history(company: Company) -> bool:
    """Whether rooms further on hold rows of the company, such as applications and awards."""
    return any(
        model._base_manager.filter(**{column: company}).exists()
        for model, column in relations(all_tables=True)
        if model._meta.app_label != Company._meta.app_label
    )
