"""T03: what cannot be put on record is not done."""

import pytest
from django.db import DatabaseError, connection

from reviews.models import Opinion, StageKind
from subsidies.applications.enums import Status
from subsidies.models import Award, LedgerEntry
from tests import domain

REFUSE = """
    CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION 'the disk of the audit is full'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON audit_entry
        FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse();
"""


def test_an_approval_whose_entry_is_refused_is_not_one(company, budget):
    application = domain.at_stage(StageKind.APPROVAL, company)
    (task,) = domain.open_tasks(application)
    before = Opinion.objects.count(), LedgerEntry.objects.count()
    with connection.cursor() as cursor:
        cursor.execute(REFUSE)

    with pytest.raises(DatabaseError, match="the audit is full"):
        domain.decide(task)

    application.refresh_from_db()
    budget.refresh_from_db()
    assert (Opinion.objects.count(), LedgerEntry.objects.count()) == before
    assert (application.status, budget.granted) == (Status.IN_REVIEW, 0)
    assert not Award.objects.exists()
