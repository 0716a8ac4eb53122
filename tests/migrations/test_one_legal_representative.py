"""The rows that came before the constraints: sorted out where nobody loses anything, else named."""

from importlib import import_module

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError

from companies.models import Registration
from companies.registration.services import keep_licence
from tests import domain
from tests.factories import CompanyFactory, DistrictFactory, MemberFactory, UserFactory, uscc

end_who_is_gone = import_module(
    "companies.migrations.0016_one_legal_representative"
).end_who_is_gone

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    domain.execute("DROP INDEX one_legal_representative")
    return CompanyFactory(district=DistrictFactory())


def test_who_cannot_sign_in_makes_room(company):
    gone = MemberFactory(company=company, role="legal", user__is_active=False)
    there = MemberFactory(company=company, role="legal")
    single = CompanyFactory(district=company.district)
    alone = MemberFactory(company=single, role="legal", user__is_active=False)

    end_who_is_gone(apps, None)

    for member in (gone, there, alone):
        member.refresh_from_db()
    assert gone.ended_at
    assert there.ended_at is alone.ended_at is None


def test_two_who_both_act_are_named(company):
    members = MemberFactory.create_batch(2, company=company, role="legal")

    with pytest.raises(CommandError) as refused:
        end_who_is_gone(apps, None)

    for number in (company.pk, *(member.pk for member in members)):
        assert str(number) in str(refused.value)


def test_registrations_that_share_a_licence_are_named(company):
    domain.execute("DROP INDEX one_registration_of_a_licence")
    person = UserFactory()
    licence = keep_licence(SimpleUploadedFile("执照.pdf", domain.PDF), by=person)
    rows = [
        Registration.objects.create(
            district=company.district,
            uscc=uscc(number),
            name="甲",
            role="legal",
            licence=licence,
            person=person,
        )
        for number in (1, 2)
    ]

    with pytest.raises(CommandError) as refused:
        end_who_is_gone(apps, None)

    for row in rows:
        assert str(row.pk) in str(refused.value)
