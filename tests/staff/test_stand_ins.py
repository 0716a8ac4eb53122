"""Stand-ins: whose rights they have, on which days, and that both names stand under every act."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import OFFICERS, Department, District, Role, StandIn, User
from accounts.refusals import NotAllowed, Refused, StateChanged
from accounts.stand_ins.services import end_stand_in, give_stand_in
from audit.models import Entry
from audit.services import first_broken_entry
from companies.models import AccountChange
from companies.services import change_account, check_account, confirm_account, refuse_account
from disbursements import adjustments
from disbursements import services as disbursements
from disbursements.models import Batch, Clawback
from outbox.models import Job
from reviews.casefile import CaseFile
from reviews.models import Case, Opinion, StageKind, Task, Verdict
from reviews.services import finance_department
from subsidies.ledger.settlement import settle
from subsidies.models import Adjustment
from tests import domain
from tests.factories import (
    AppointmentFactory,
    MemberFactory,
    PastAwardFactory,
    StandInFactory,
    UserFactory,
)
from tests.threads import at_once

PAGE, GIVE = "/workspace/stand-ins/", "/workspace/stand-ins/new/"
YESTERDAY, TOMORROW = (domain.TODAY + timedelta(days=days) for days in (-1, 1))


def department(name):
    return Department.objects.get(district__code="330205", short_name=name)


def fresh(user):
    """The person as the next request reads them."""
    return User.objects.get(pk=user.pk)


def appointment_of(user):
    return user.appointments.get()


@pytest.fixture
def principal(world):
    """A reviewer of the department that leads; nobody else does his work today."""
    person = domain.official(department("区经信局"), Role.REVIEWER)
    person.name = "张三"
    person.save()
    return person


@pytest.fixture
def deputy(world):
    """Of another department, and without a say in what the principal decides."""
    return AppointmentFactory(
        user__name="李四", department=department("区商务局"), role=Role.REVIEWER
    ).user


@pytest.fixture
def stand_in(principal, deputy):
    return StandInFactory(appointment=appointment_of(principal), deputy=deputy)


def give(appointment, deputy, **given):
    arguments = {
        "starts_on": domain.TODAY,
        "ends_on": TOMORROW,
        "reason": "出差",
        "by": appointment.user,
    }
    return give_stand_in(appointment, deputy, **{**arguments, **given})


class TestRights:
    def test_a_stand_in_has_the_principals_office_and_the_own(self, stand_in, principal, deputy):
        assert deputy.has_role(Role.REVIEWER, department_id=stand_in.department.pk)
        assert deputy.department_ids() == {stand_in.department.pk, department("区商务局").pk}
        assert deputy.principal(Role.REVIEWER, department_id=stand_in.department.pk) == principal
        assert deputy.principal(Role.REVIEWER, department_id=department("区商务局").pk) is None

    @pytest.mark.parametrize(
        ("given", "counts"),
        [
            ({"starts_on": domain.TODAY, "ends_on": domain.TODAY}, True),
            ({"starts_on": TOMORROW}, False),
            ({"ends_on": YESTERDAY}, False),
        ],
    )
    def test_it_counts_from_its_first_to_its_last_day(self, principal, deputy, given, counts):
        row = StandInFactory(appointment=appointment_of(principal), deputy=deputy, **given)

        assert deputy.has_role(Role.REVIEWER, department_id=row.department.pk) is counts

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE accounts_standin SET ended_at = now(), ended_by_id = given_by_id",
            "UPDATE accounts_user SET is_active = false WHERE name = '张三'",
            "UPDATE accounts_user SET is_active = false WHERE name = '李四'",
            "UPDATE accounts_appointment SET ends_on = '2026-03-10' WHERE user_id ="
            " (SELECT id FROM accounts_user WHERE name = '张三')",
            "UPDATE accounts_appointment SET ends_on = '2026-03-10' WHERE user_id ="
            " (SELECT id FROM accounts_user WHERE name = '李四')",
        ],
    )
    def test_it_ends_with_the_office_of_either_and_when_it_is_ended(self, stand_in, deputy, change):
        domain.execute(change)

        assert not fresh(deputy).has_role(Role.REVIEWER, department_id=stand_in.department.pk)

    def test_an_office_that_is_borrowed_is_not_lent_on(self, stand_in, deputy):
        third = domain.official(department("区科技局"), Role.REVIEWER)

        with pytest.raises(NotAllowed, match="由本人或本区县的安全管理员办理"):
            give(stand_in.appointment, third, by=deputy)

    def test_who_holds_the_office_too_acts_in_the_own_name(self, company, stand_in, deputy):
        AppointmentFactory(user=deputy, department=stand_in.department, role=Role.REVIEWER)

        opinion = domain.decide(domain.open_tasks(domain.filed(company))[0], by=fresh(deputy))

        assert (opinion.person, opinion.on_behalf_of) == (deputy, None)


class TestGiving:
    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"starts_on": YESTERDAY}, "开始日期不能早于今天"),
            ({"ends_on": YESTERDAY}, "结束日期不能早于开始日期"),
            ({"reason": " "}, "请写明委托的原因"),
        ],
    )
    def test_days_and_reason_are_asked_for(self, principal, deputy, given, message):
        with pytest.raises(Refused, match=message):
            give(appointment_of(principal), deputy, **given)

    def test_nobody_stands_in_for_themselves(self, principal):
        with pytest.raises(Refused, match="不能委托本人"):
            give(appointment_of(principal), principal)
        with pytest.raises(domain.REFUSED_BY_TRIGGER, match="for themselves"), transaction.atomic():
            StandInFactory(
                appointment=appointment_of(principal), deputy=principal, given_by=UserFactory()
            )

    def test_a_stand_in_is_of_the_same_district(self, principal):
        namesake = Department.objects.get(district__code="330212", short_name="区经信局")
        other = domain.official(namesake, Role.REVIEWER)

        with pytest.raises(Refused, match="同期不在本区县任职"):
            give(appointment_of(principal), other)
        with pytest.raises(domain.REFUSED_BY_TRIGGER, match="same district"), transaction.atomic():
            StandInFactory(appointment=appointment_of(principal), deputy=other)

    @pytest.mark.parametrize("role", OFFICERS)
    def test_officers_stand_in_for_nobody_and_have_no_stand_in(self, principal, deputy, role):
        officer = domain.official(department("区财政局"), role)

        with pytest.raises(Refused, match="不代办他人工作"):
            give(appointment_of(principal), officer)
        with pytest.raises(Refused, match="三员的工作不能委托代办"):
            give(appointment_of(officer), deputy)
        with pytest.raises(domain.REFUSED_BY_TRIGGER, match="for nobody"), transaction.atomic():
            StandInFactory(appointment=appointment_of(principal), deputy=officer)
        with pytest.raises(domain.REFUSED_BY_TRIGGER, match="no stand-in"), transaction.atomic():
            StandInFactory(appointment=appointment_of(officer), deputy=deputy)

    @pytest.mark.parametrize("role", OFFICERS)
    def test_a_stand_in_does_not_become_an_officer(self, stand_in, deputy, role):
        appointment_of(deputy).ends_on = YESTERDAY
        domain.execute(
            f"UPDATE accounts_appointment SET ends_on = '{YESTERDAY}' WHERE user_id = {deputy.pk}"
        )
        row = AppointmentFactory.build(
            user=deputy, department=stand_in.department, role=role, starts_on=domain.TODAY
        )

        with pytest.raises(Exception, match="不代办他人工作"):
            row.clean()
        with pytest.raises(domain.REFUSED_BY_TRIGGER, match="for nobody"), transaction.atomic():
            row.save()
        StandIn.objects.update(ended_at="2026-03-11T09:00+08:00", ended_by=deputy)
        row.clean()
        row.save()

    def test_an_appointment_has_one_stand_in_at_a_time(self, stand_in):
        other = domain.official(department("区科技局"), Role.REVIEWER)
        days = {"starts_on": stand_in.ends_on, "ends_on": stand_in.ends_on}

        with pytest.raises(Refused, match="这个岗位同期已委托李四代办"):
            give(stand_in.appointment, other, **days)
        with pytest.raises(domain.REFUSED_BY_TRIGGER, match="at a time"), transaction.atomic():
            StandInFactory(appointment=stand_in.appointment, deputy=other, **days)
        after = stand_in.ends_on + timedelta(days=1)
        give(stand_in.appointment, other, starts_on=after, ends_on=after)

    def test_a_stand_in_stands_for_one_in_a_departments_role(self, stand_in, deputy):
        colleague = appointment_of(domain.official(stand_in.department, Role.REVIEWER, 2))

        with pytest.raises(Refused, match="代办另一人的同一岗位"):
            give(colleague, deputy)
        with pytest.raises(domain.REFUSED_BY_TRIGGER, match="at a time"), transaction.atomic():
            StandInFactory(appointment=colleague, deputy=deputy)

    def test_nobody_makes_themselves_a_stand_in(self, principal, deputy):
        with pytest.raises(NotAllowed):
            give(appointment_of(principal), deputy, by=deputy)
        with pytest.raises(IntegrityError, match="themselves_a_stand_in"), transaction.atomic():
            StandInFactory(appointment=appointment_of(principal), deputy=deputy, given_by=deputy)

    def test_a_security_officer_gives_one_for_a_person_who_is_away(self, principal, deputy):
        officer = domain.official(department("区财政局"), Role.SECURITY_OFFICER)

        row = give(appointment_of(principal), deputy, by=officer)

        entry = Entry.objects.about(row).get()
        assert (row.given_by, entry.actor, entry.district) == (
            officer,
            officer,
            District.objects.get(code="330205"),
        )
        assert (entry.data["principal"], entry.data["deputy"]) == ("张三", "李四")

    def test_a_security_officer_of_another_district_gives_none(self, principal, deputy):
        elsewhere = finance_department(District.objects.get(code="330212"))

        with pytest.raises(NotAllowed):
            give(
                appointment_of(principal),
                deputy,
                by=domain.official(elsewhere, Role.SECURITY_OFFICER),
            )

    def test_what_was_given_is_only_ended_and_once(self, stand_in, principal, deputy):
        with pytest.raises(NotAllowed):
            end_stand_in(stand_in, by=deputy)
        end_stand_in(stand_in, by=principal)

        with pytest.raises(StateChanged, match="已终止"):
            end_stand_in(stand_in, by=principal)
        for statement in (
            "UPDATE accounts_standin SET ended_at = NULL, ended_by_id = NULL",
            "UPDATE accounts_standin SET ends_on = '2027-01-01'",
            f"UPDATE accounts_standin SET deputy_id = {principal.pk}",
            "DELETE FROM accounts_standin",
        ):
            with pytest.raises(domain.REFUSED_BY_TRIGGER):
                domain.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_of_two_stand_ins_given_at_once_one_is_refused():
    appointment = AppointmentFactory()
    place = appointment.department
    deputies = [AppointmentFactory(department=place, role=Role.LEAD).user for _number in range(2)]

    def lend(deputy):
        with transaction.atomic():
            StandInFactory(appointment=appointment, deputy=deputy, given_by=appointment.user)

    results = at_once(*(lambda each=each: lend(each) for each in deputies))

    refused = [result for result in results if isinstance(result, Exception)]
    assert [type(error) in domain.REFUSED_BY_TRIGGER for error in refused] == [True]


class TestDeciding:
    @pytest.fixture
    def task(self, company, stand_in):
        return domain.open_tasks(domain.filed(company))[0]

    def test_both_names_stand_under_the_opinion_and_in_the_chain(self, task, principal, deputy):
        opinion = domain.decide(task, by=deputy)

        assert (opinion.person, opinion.on_behalf_of) == (deputy, principal)
        entry = Entry.objects.get(action="case.acceptance.agree")
        assert (entry.actor, entry.actor_name) == (deputy, "李四（代张三）")
        assert entry.data["on_behalf_of"] == principal.pk
        assert first_broken_entry() is None

    def test_the_page_shows_both_names_to_officials_and_neither_to_the_company(
        self, task, principal, deputy, clerk, client
    ):
        domain.decide(task, by=deputy)
        case = task.case

        client.force_login(deputy)
        page = client.get(case.get_absolute_url()).content.decode()
        assert page.count("李四（代张三）") == 2  # on the track and in the history
        client.force_login(clerk)
        page = client.get(f"/applications/{case.application_id}/").content.decode()
        assert "李四" not in page
        assert "张三" not in page

    def test_the_masthead_the_worklist_and_the_decision_say_on_whose_behalf(
        self, task, deputy, client
    ):
        client.force_login(deputy)

        worklist = client.get("/workspace/").content.decode()
        page = client.get(task.case.get_absolute_url()).content.decode()

        assert worklist.count("代 张三") == page.count("代 张三") == 2

    def test_neither_of_the_two_decides_on_another_stage(self, task, principal, deputy):
        domain.decide(task, by=deputy)
        case = Case.objects.get(pk=task.case_id)
        review = Task.objects.open().get(case=case)

        for person in (fresh(principal), fresh(deputy)):
            with pytest.raises(NotAllowed):
                domain.decide(review, by=person)
            assert review not in Task.objects.for_user(person)

    def test_a_stand_in_decides_nothing_the_principal_has_a_part_in(
        self, company, principal, deputy
    ):
        application = domain.filed(company)
        domain.decide(domain.open_tasks(application)[0], by=principal)
        StandInFactory(appointment=appointment_of(principal), deputy=deputy)
        review = domain.open_tasks(application)[0]

        with pytest.raises(NotAllowed, match="您代办的张三不能办理本件"):
            domain.decide(review, by=fresh(deputy))
        assert review not in Task.objects.for_user(fresh(deputy))
        file = CaseFile(Case.objects.for_page().get(application=application), fresh(deputy))
        assert "您代办的张三不能办理本件" in file.why_no_task

    def test_a_stand_in_decides_not_on_the_principals_company(
        self, company, task, principal, deputy
    ):
        MemberFactory(user=principal, company=company)

        with pytest.raises(NotAllowed, match="您代办的张三"):
            domain.decide(task, by=deputy)
        assert task not in Task.objects.for_user(deputy)
        with pytest.raises(domain.REFUSED_BY_TRIGGER, match="belong to"), transaction.atomic():
            write_opinion(task, deputy, principal)

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            (("a", "b"), ("b", None)),
            (("a", "b"), ("c", "b")),
            (("a", "b"), ("c", "a")),
            (("a", None), ("b", "a")),
        ],
    )
    def test_the_database_counts_both(self, company, first, second):
        people = {name: UserFactory() for name in "abc"} | {None: None}
        application = domain.filed(company)
        acceptance = domain.open_tasks(application)[0]
        write_opinion(acceptance, *(people[name] for name in first))
        review = copy_of(acceptance, StageKind.REVIEW)

        with (
            pytest.raises(domain.REFUSED_BY_TRIGGER, match="decides twice"),
            transaction.atomic(),
        ):
            write_opinion(review, *(people[name] for name in second))

    def test_nobody_decides_on_behalf_of_themselves(self, task, deputy):
        with pytest.raises(IntegrityError, match="on_behalf_of_themselves"), transaction.atomic():
            write_opinion(task, deputy, deputy)


def write_opinion(task, person, on_behalf_of):
    return Opinion.objects.create(
        case=task.case,
        task=task,
        round=1,
        person=person,
        on_behalf_of=on_behalf_of,
        verdict=Verdict.AGREE,
    )


def copy_of(task, kind):
    """The task of another stage, as it stands in the table."""
    stage = task.stage.route.stages.get(kind=kind)
    return Task.objects.create(
        case=task.case, stage=stage, round=1, department=task.department, role=stage.role
    )


class TestPaying:
    @pytest.fixture
    def award(self, company, budget):
        return domain.notified_award(company)

    @pytest.fixture
    def finance(self, award):
        place = finance_department(award.district)
        return [domain.official(place, Role.FINANCE, number) for number in (1, 2, 3)]

    @pytest.fixture
    def paying(self, finance):
        """Somebody of another department who stands in for the first of finance."""
        other = domain.official(department("区商务局"), Role.REVIEWER)
        StandInFactory(appointment=appointment_of(finance[0]), deputy=other)
        return other

    def test_both_names_stand_under_a_batch(self, award, finance, paying):
        batch = disbursements.make_batch(award.district, [award], by=paying)
        disbursements.approve_batch(batch, by=finance[1])
        batch = disbursements.mark_paid(batch, on=domain.TODAY, by=paying)

        assert (batch.made_by, batch.made_for) == (paying, finance[0])
        assert (batch.approved_by, batch.approved_for) == (finance[1], None)
        assert (batch.paid_by, batch.paid_for) == (paying, finance[0])
        assert batch.made_signature == f"{paying}（代{finance[0]}）"
        for action in ("batch.made", "batch.paid"):
            assert Entry.objects.get(action=action).actor_name == batch.made_signature

    def test_neither_of_the_two_approves_what_one_made(self, award, finance, paying, client):
        batch = disbursements.make_batch(award.district, [award], by=paying)

        for person in (finance[0], paying):
            with pytest.raises(NotAllowed, match="须由另一人复核"):
                disbursements.approve_batch(batch, by=fresh(person))
            client.force_login(person)
            assert not client.get(batch.get_absolute_url()).context["may_go_on"]

    def test_a_stand_in_approves_not_what_the_principal_made(self, award, finance, paying):
        batch = disbursements.make_batch(award.district, [award], by=finance[0])

        with pytest.raises(NotAllowed, match="须由另一人复核"):
            disbursements.approve_batch(batch, by=paying)

    @pytest.mark.parametrize(
        ("made", "approved"),
        [((0, 1), (1, None)), ((0, 1), (2, 1)), ((0, 1), (2, 0)), ((0, None), (1, 0))],
    )
    def test_the_database_counts_both(self, award, finance, made, approved):
        by, made_for = (None if place is None else finance[place] for place in made)
        second, approved_for = (None if place is None else finance[place] for place in approved)
        batch = Batch.objects.create(
            district=award.district, number="2026-03-B9", made_by=by, made_for=made_for
        )

        with pytest.raises(IntegrityError, match="by_a_second_person"), transaction.atomic():
            Batch.objects.filter(pk=batch.pk).update(
                status="approved",
                approved_by=second,
                approved_for=approved_for,
                approved_at=batch.made_at,
            )


class TestPage:
    def given(self, appointment, deputy, **changed):
        return {
            "appointment": appointment.pk,
            "deputy": deputy.pk,
            "starts_on": "2026-03-11",
            "ends_on": "2026-03-20",
            "reason": "出差",
            **changed,
        }

    def test_a_person_gives_a_stand_in_and_takes_it_back(self, principal, deputy, client):
        client.force_login(principal)
        appointment = appointment_of(principal)

        answer = client.post(GIVE, self.given(appointment, deputy), follow=True)

        row = StandIn.objects.get()
        assert "已委托李四代办" in answer.content.decode()
        assert (row.deputy, row.given_by, row.ends_on) == (deputy, principal, date(2026, 3, 20))
        answer = client.post(reverse("stand_in_end", args=[row.pk]), follow=True)
        assert "委托已终止" in answer.content.decode()
        row.refresh_from_db()
        assert row.ended_by == principal

    def test_only_the_own_office_is_offered(self, principal, deputy, client):
        client.force_login(principal)
        other = appointment_of(domain.official(department("区经信局"), Role.REVIEWER, 2))

        answer = client.post(GIVE, self.given(other, deputy))

        assert answer.status_code == 422
        assert "请选择列出的岗位" in answer.content.decode()
        assert not StandIn.objects.exists()

    def test_the_chooser_says_who_has_a_hand_in_the_same_cases(self, principal, deputy, client):
        colleague = domain.official(department("区经信局"), Role.REVIEWER, 2)
        lead = domain.official(department("区经信局"), Role.LEAD)
        client.force_login(principal)

        choices = client.get(PAGE).context["form"].fields["deputy"].choices
        labels = {
            department: [name for _pk, name in people]
            for department, people in choices
            if department
        }

        assert set(labels["区经信局"]) >= {
            f"{colleague}（区经信局·部门经办）：同部门同岗位，办过的件不能代办",
            f"{lead}（区经信局·部门负责人）：同部门，办过的件不能代办",
        }
        assert "李四（区商务局·部门经办）" in labels["区商务局"]

    def test_the_page_says_what_is_not_lent(self, principal, client):
        client.force_login(principal)

        assert "须两人分别办理的，委托人与代办人算一人" in client.get(PAGE).content.decode()

    def test_the_deputy_hears_of_it_by_mail(self, principal, deputy):
        given = give(appointment_of(principal), deputy)
        end_stand_in(given, by=principal)

        first, last = Job.objects.filter(kind="mail").order_by("pk")
        assert first.args["to"] == last.args["to"] == [deputy.email]
        assert f"{domain.TODAY} 至 {TOMORROW}（含首尾）代办张三" in first.args["body"]
        assert "/workspace/stand-ins/" in first.args["body"]
        assert "即刻起您不再代办张三" in last.args["body"]

    def test_nothing_typed_is_lost_when_it_is_refused(self, principal, deputy, client):
        client.force_login(principal)

        answer = client.post(
            GIVE, self.given(appointment_of(principal), deputy, starts_on="2026-03-10")
        )

        assert answer.status_code == 422
        assert "开始日期不能早于今天" in answer.content.decode()
        assert 'value="2026-03-20"' in answer.content.decode()

    def test_a_security_officer_sees_all_of_the_district(self, stand_in, client):
        client.force_login(domain.official(department("区财政局"), Role.SECURITY_OFFICER))

        answer = client.get(PAGE)

        assert [row["stand_in"] for row in answer.context["given"]] == [stand_in]
        assert answer.context["given"][0]["may_end"]

    def test_strangers_find_no_stand_in(self, stand_in, client):
        client.force_login(domain.official(department("区科技局"), Role.REVIEWER))

        assert client.get(PAGE).context["given"] == []
        assert client.post(reverse("stand_in_end", args=[stand_in.pk])).status_code == 404

    def test_the_deputy_sees_it_and_does_not_end_it(self, stand_in, deputy, client):
        client.force_login(deputy)

        page = client.get(PAGE)
        answer = client.post(reverse("stand_in_end", args=[stand_in.pk]))

        assert [row["stand_in"] for row in page.context["taken"]] == [stand_in]
        assert answer.status_code == 403
        assert "由本人或本区县的安全管理员办理" in answer.content.decode()

    @pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADMINISTRATOR])
    def test_other_officers_have_none(self, world, client, role):
        client.force_login(domain.official(department("区财政局"), role))

        assert client.get(PAGE).status_code == 403
        assert client.post(GIVE, {}).status_code == 403


class TestSecondPeople:
    """Clawbacks, adjustments and changed accounts want two people: a stand-in is one of them with
    whoever's work it is, and both names are kept."""

    @pytest.fixture
    def finance(self, company):
        place = finance_department(company.district)
        return [domain.official(place, Role.FINANCE, number) for number in (1, 2, 3)]

    @pytest.fixture
    def deputy(self, finance):
        """Of finance's department, stands in for the first of finance."""
        person = AppointmentFactory(department=finance[0].appointments.get().department).user
        StandInFactory(appointment=appointment_of(finance[0]), deputy=person)
        return fresh(person)

    @pytest.fixture
    def award(self, company, budget):
        return domain.notified_award(company)

    @pytest.fixture
    def paid(self, award, finance):
        batch = disbursements.make_batch(award.district, [award], by=finance[0])
        disbursements.approve_batch(batch, by=finance[1])
        disbursements.mark_paid(batch, on=domain.TODAY, by=finance[0])
        return award

    @pytest.fixture
    def adjustment(self, award, company, finance):
        domain.set_contribution("5000.00")
        settle(company, company.district, award.policy_year, by=finance[2])
        return award.adjustments.get()

    @pytest.fixture
    def change(self, award, company):
        change_account(
            company, bank="农业银行", number="12345678", cnaps="", by=domain.clerk_of(company)
        )
        return AccountChange.objects.get()

    def names(self, action, finance):
        """Who stands under the act in the chain, where it was done for the first of finance."""
        entry = Entry.objects.filter(action=action).latest("seq")
        assert entry.data["on_behalf_of"] == finance[0].pk
        return entry.actor

    def test_a_clawback(self, paid, finance, deputy):
        demanded = disbursements.demand_return(paid, paid.amount, reason="重复享受", by=deputy)
        for person in (deputy, finance[0]):
            with pytest.raises(NotAllowed, match="须由另一人确认"):
                disbursements.confirm_return(demanded, by=fresh(person))
        confirmed = disbursements.confirm_return(demanded, by=finance[1])
        disbursements.receive_return(confirmed, paid.amount, by=deputy)

        assert demanded.demanded_signature == f"{deputy}（代{finance[0]}）"
        assert self.names("clawback.demanded", finance) == deputy
        assert self.names("clawback.received", finance) == deputy

    def test_a_clawback_that_the_principal_demanded(self, paid, finance, deputy):
        demanded = disbursements.demand_return(paid, paid.amount, reason="重复享受", by=finance[0])
        with pytest.raises(NotAllowed, match="须由另一人确认"):
            disbursements.confirm_return(demanded, by=deputy)

        disbursements.drop_return(demanded, by=deputy)
        assert self.names("clawback.dropped", finance) == deputy
        again = disbursements.demand_return(paid, paid.amount, reason="重复享受", by=finance[1])
        confirmed = disbursements.confirm_return(again, by=deputy)
        assert confirmed.confirmed_signature == f"{deputy}（代{finance[0]}）"
        assert self.names("clawback.confirmed", finance) == deputy

    def test_the_page_of_a_clawback_lets_neither_of_the_two_confirm(
        self, paid, finance, deputy, client
    ):
        demanded = disbursements.demand_return(paid, paid.amount, reason="重复享受", by=deputy)

        for person, may in ((deputy, False), (finance[0], False), (finance[1], True)):
            client.force_login(person)
            page = client.get(demanded.get_absolute_url())
            assert page.context["may_confirm"] is may
            assert f"{deputy}（代{finance[0]}）" in page.text

    def test_an_adjustment(self, adjustment, finance, deputy):
        agreed = adjustments.agree(adjustment, by=deputy)
        for person in (deputy, finance[0]):
            with pytest.raises(NotAllowed, match="须由另一人确认"):
                adjustments.agree(agreed, by=fresh(person))
        done = adjustments.agree(agreed, by=finance[1])

        assert (done.agreed_signature, done.done_signature) == (
            f"{deputy}（代{finance[0]}）",
            str(finance[1]),
        )

    def test_an_adjustment_that_the_principal_agreed_to(self, adjustment, finance, deputy):
        agreed = adjustments.agree(adjustment, by=finance[0])
        with pytest.raises(NotAllowed, match="须由另一人确认"):
            adjustments.agree(agreed, by=deputy)

        adjustments.drop(agreed, by=deputy)
        assert self.names("adjustment.dropped", finance) == deputy

    def test_the_second_consent_bears_both_names(self, adjustment, finance, deputy):
        agreed = adjustments.agree(adjustment, by=finance[1])

        done = adjustments.agree(agreed, by=deputy)

        assert done.done_signature == f"{deputy}（代{finance[0]}）"
        assert self.names("adjustment.agreed", finance) == deputy

    def test_a_changed_account(self, change, finance, deputy):
        checked = check_account(change, by=deputy)
        for person in (deputy, finance[0]):
            with pytest.raises(NotAllowed, match="另一位财政人员"):
                confirm_account(checked, by=fresh(person))
        confirmed = confirm_account(checked, by=finance[1])

        assert confirmed.checked_signature == f"{deputy}（代{finance[0]}）"
        assert self.names("company.account_checked", finance) == deputy

    def test_a_changed_account_that_the_principal_checked(self, change, finance, deputy):
        check_account(change, by=finance[0])

        with pytest.raises(NotAllowed, match="另一位财政人员"):
            confirm_account(change, by=deputy)
        refuse_account(change, reason="开户行写错", by=deputy)

        assert self.names("company.account_refused", finance) == deputy

    def test_a_confirmed_account_bears_both_names(self, change, finance, deputy):
        check_account(change, by=finance[1])

        confirmed = confirm_account(change, by=deputy)

        assert confirmed.confirmed_signature == f"{deputy}（代{finance[0]}）"
        assert self.names("company.account_confirmed", finance) == deputy

    def test_the_page_of_changed_accounts_counts_the_two_as_one(
        self, change, finance, deputy, client
    ):
        check_account(change, by=deputy)

        for person, may in ((deputy, False), (finance[0], False), (finance[1], True)):
            client.force_login(person)
            page = client.get("/finance/accounts/")
            assert page.context["rows"][0]["may_confirm"] is may
            assert client.get("/finance/").context["accounts_to_confirm"] == int(may)

    def test_nobody_confirms_a_clawback_for_whom_the_company_is_their_own(
        self, paid, company, finance, deputy
    ):
        demanded = disbursements.demand_return(paid, paid.amount, reason="重复享受", by=finance[1])
        MemberFactory(company=company, user=finance[0])

        with pytest.raises(NotAllowed, match="须由另一人办理"):
            disbursements.confirm_return(demanded, by=deputy)

    @pytest.mark.parametrize("what", ["clawback", "adjustment", "change"])
    def test_nobody_does_it_for_whom_the_company_is_their_own(
        self, request, company, finance, deputy, what
    ):
        thing = request.getfixturevalue({"clawback": "paid"}.get(what, what))
        MemberFactory(company=company, user=finance[0])
        act = {
            "clawback": lambda: disbursements.demand_return(
                thing, thing.amount, reason="重复享受", by=deputy
            ),
            "adjustment": lambda: adjustments.agree(thing, by=deputy),
            "change": lambda: check_account(thing, by=deputy),
        }[what]

        with pytest.raises(NotAllowed, match="须由另一人办理"):
            act()

    @pytest.mark.parametrize(
        ("first", "second"),
        [((0, 1), (1, None)), ((0, 1), (2, 1)), ((0, 1), (2, 0)), ((0, None), (1, 0))],
    )
    def test_the_database_counts_both(self, adjustment, change, finance, first, second):
        one, one_for, two, two_for = (
            None if place is None else finance[place] for place in (*first, *second)
        )
        now = timezone.now()
        clawback = Clawback.objects.create(
            award=PastAwardFactory(company=change.company),
            amount=1,
            reason="重复享受",
            demanded_by=one,
            demanded_for=one_for,
        )
        Adjustment.objects.filter(pk=adjustment.pk).update(
            agreed_by=one, agreed_for=one_for, status="agreed"
        )
        AccountChange.objects.filter(pk=change.pk).update(
            checked_by=one, checked_for=one_for, checked_at=now, status="checked"
        )
        confirmed = {
            "confirmed_by": two,
            "confirmed_for": two_for,
            "confirmed_at": now,
            "status": "confirmed",
        }
        acts = {
            Adjustment: {"done_by": two, "done_for": two_for, "status": "done"},
            AccountChange: confirmed,
            Clawback: confirmed,
        }
        for model, names in acts.items():
            with pytest.raises(IntegrityError, match="second_person"), transaction.atomic():
                model.objects.update(**names)
        with pytest.raises(domain.REFUSED_BY_TRIGGER), transaction.atomic():
            Clawback.objects.filter(pk=clawback.pk).update(demanded_for=finance[2])

    def test_the_database_lets_nobody_check_for_whom_the_company_is_their_own(
        self, change, company, finance, deputy
    ):
        MemberFactory(company=company, user=finance[0])

        with pytest.raises(domain.REFUSED_BY_TRIGGER, match="their own company"):
            domain.execute(
                "UPDATE companies_accountchange"
                f" SET checked_by_id = {deputy.pk}, checked_for_id = {finance[0].pk}"
            )
