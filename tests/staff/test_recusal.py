"""Declaring a conflict. Case A05: a role removed, a stand-in ended or a conflict declared while
the page is open; the next request is refused and nothing is written."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections, transaction
from django.utils import timezone

from accounts.models import Appointment, Role, StandIn, User
from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.models import Entry
from disbursements import services as disbursements
from reviews import services
from reviews.casefile import CaseFile
from reviews.models import Case, Opinion, Recusal, StageKind, Task, Verdict
from tests import domain
from tests.factories import AppointmentFactory, StandInFactory
from tests.threads import PATIENCE, at_once


@pytest.fixture
def task(company):
    return domain.open_tasks(domain.filed(company))[0]


@pytest.fixture
def person(task):
    return domain.official(task.department, Role.REVIEWER)


def page_of(task):
    return f"/workspace/cases/{task.case_id}/"


def send(client, task):
    """What the open page sends: an opinion on the task as it was shown."""
    return client.post(
        page_of(task) + "decide/",
        {
            "task": task.pk,
            "revision": task.case.application.revision,
            "verdict": "agree",
            "text": "材料齐全",
        },
    )


class TestRecusal:
    def test_the_person_sees_the_case_and_decides_nothing(self, task, person, client):
        services.declare_conflict(task.case, reason="亲属在该企业任职", by=person)
        client.force_login(person)

        page = client.get(page_of(task)).content.decode()

        assert "您已申请回避本件" in page
        assert "亲属在该企业任职" in page
        assert task not in Task.objects.for_user(person)
        with pytest.raises(NotAllowed, match="您已申请回避本件"):
            domain.decide(task, by=person)

    def test_others_of_the_department_go_on(self, task, person):
        services.declare_conflict(task.case, reason="亲属在该企业任职", by=person)
        other = domain.official(task.department, Role.REVIEWER, 2)

        assert task in Task.objects.for_user(other)
        assert domain.decide(task, by=other).person == other

    def test_the_company_learns_nothing_of_it(self, task, person, clerk, client):
        services.declare_conflict(task.case, reason="亲属在该企业任职", by=person)
        client.force_login(clerk)

        page = client.get(f"/applications/{task.case.application_id}/").content.decode()

        assert "回避" not in page
        assert "亲属" not in page

    def test_it_stands_in_the_chain(self, task, person):
        services.declare_conflict(task.case, reason="亲属在该企业任职", by=person)

        entry = Entry.objects.get(action="case.recused")
        assert (entry.actor, entry.data["reason"]) == (person, "亲属在该企业任职")

    def test_it_wants_a_reason_and_is_declared_once(self, task, person):
        with pytest.raises(Refused, match="请写明回避的理由"):
            services.declare_conflict(task.case, reason=" ", by=person)
        services.declare_conflict(task.case, reason="亲属", by=person)
        with pytest.raises(StateChanged, match="您已申请回避本件"):
            services.declare_conflict(task.case, reason="亲属", by=person)

    def test_nobody_declares_one_on_a_closed_case(self, task, person):
        domain.decide(task, Verdict.REJECT, by=domain.official(task.department, Role.REVIEWER, 2))

        with pytest.raises(StateChanged, match="已办结"):
            services.declare_conflict(task.case, reason="亲属", by=person)

    def test_it_is_for_those_who_decide(self, task, clerk):
        with pytest.raises(NotAllowed, match="只有办理人员"):
            services.declare_conflict(task.case, reason="亲属", by=clerk)

    def test_it_keeps_the_stand_in_away_as_well(self, task, person):
        services.declare_conflict(task.case, reason="亲属", by=person)
        deputy = AppointmentFactory(department=task.department, role=Role.LEAD).user
        StandInFactory(appointment=person.appointments.get(), deputy=deputy)

        assert task not in Task.objects.for_user(deputy)
        with pytest.raises(NotAllowed, match="您代办的"):
            domain.decide(task, by=deputy)

    @pytest.mark.parametrize("on_behalf", [False, True])
    def test_the_database_takes_no_opinion_after_it(self, task, person, on_behalf):
        services.declare_conflict(task.case, reason="亲属", by=person)
        other = domain.official(task.department, Role.REVIEWER, 2)
        names = {"person": other, "on_behalf_of": person} if on_behalf else {"person": person}

        with (
            pytest.raises(domain.REFUSED_BY_TRIGGER, match="after declaring a conflict"),
            transaction.atomic(),
        ):
            Opinion.objects.create(
                case=task.case, task=task, round=1, verdict=Verdict.AGREE, **names
            )

    @pytest.mark.parametrize(
        "statement",
        ["UPDATE reviews_recusal SET reason = 'x'", "DELETE FROM reviews_recusal"],
    )
    def test_it_is_for_good(self, task, person, statement):
        services.declare_conflict(task.case, reason="亲属", by=person)

        with pytest.raises(domain.REFUSED_BY_TRIGGER):
            domain.execute(statement)

    def test_it_is_declared_on_the_page(self, task, person, client):
        client.force_login(person)

        missing = client.post(page_of(task) + "recuse/", {"recusal-reason": ""})
        done = client.post(page_of(task) + "recuse/", {"recusal-reason": "亲属"}, follow=True)
        again = client.post(page_of(task) + "recuse/", {"recusal-reason": "亲属"})

        assert missing.status_code == 422
        assert "请写明回避的理由" in missing.content.decode()
        assert "已登记回避" in done.content.decode()
        assert again.status_code == 409
        assert Recusal.objects.get().person == person

    def test_who_does_not_decide_declares_none(self, task, client):
        auditor = AppointmentFactory(department=task.department, role=Role.AUDITOR).user
        client.force_login(auditor)

        answer = client.post(page_of(task) + "recuse/", {"recusal-reason": "亲属"})

        assert answer.status_code == 403
        assert not Recusal.objects.exists()


class TestMoney:
    """Who has a part in an award keeps away from its payment, in the service and past it."""

    @pytest.fixture
    def award(self, company, budget):
        return domain.notified_award(company)

    @pytest.fixture
    def finance(self, award):
        place = services.finance_department(award.district)
        return [domain.official(place, Role.FINANCE, number) for number in (1, 2, 3)]

    @pytest.fixture
    def approver(self, award):
        """Whoever approved the award, in finance as well."""
        opinion = Opinion.objects.get(task__stage__kind=StageKind.APPROVAL)
        place = services.finance_department(award.district)
        AppointmentFactory(user=opinion.person, department=place, role=Role.FINANCE)
        return User.objects.get(pk=opinion.person_id)

    @pytest.fixture
    def recused(self, award, finance):
        Recusal.objects.create(case=award.claim.application.case, person=finance[2], reason="亲属")
        return finance[2]

    @pytest.mark.parametrize("who", ["approver", "recused"])
    def test_they_make_approve_and_pay_no_batch(self, request, award, finance, who):
        person = request.getfixturevalue(who)

        with pytest.raises(NotAllowed):
            disbursements.make_batch(award.district, [award], by=person)
        batch = disbursements.make_batch(award.district, [award], by=finance[0])
        with pytest.raises(NotAllowed):
            disbursements.approve_batch(batch, by=person)
        disbursements.approve_batch(batch, by=finance[1])
        with pytest.raises(NotAllowed):
            disbursements.mark_paid(batch, on=domain.TODAY, by=person)

    @pytest.mark.parametrize("who", ["approver", "recused"])
    def test_nor_past_the_service(self, request, award, finance, who, monkeypatch):
        person = request.getfixturevalue(who)
        batch = disbursements.make_batch(award.district, [award], by=finance[0])
        monkeypatch.setattr(disbursements, "require_stranger", lambda *given: None)

        with pytest.raises(domain.REFUSED_BY_TRIGGER, match="a part in"), transaction.atomic():
            disbursements.approve_batch(batch, by=person)
        disbursements.cancel_batch(batch, by=finance[0])
        with pytest.raises(domain.REFUSED_BY_TRIGGER, match="a part in"), transaction.atomic():
            disbursements.make_batch(award.district, [award], by=person)


class TestPaying:
    """Who first meets a conflict when paying declares it then, and others pay."""

    @pytest.fixture
    def award(self, company, budget):
        return domain.notified_award(company)

    @pytest.fixture
    def case(self, award):
        return Case.objects.get(application=award.claim.application_id)

    @pytest.fixture
    def finance(self, award):
        place = services.finance_department(award.district)
        return [domain.official(place, Role.FINANCE, number) for number in (1, 2, 3)]

    @pytest.fixture
    def batch(self, award, finance):
        return disbursements.make_batch(award.district, [award], by=finance[0])

    def test_it_is_declared_on_the_page_of_an_approved_case(self, case, finance, client):
        client.force_login(finance[1])
        assert 'id="recuse"' in client.get(case.get_absolute_url()).text

        client.post(f"{case.get_absolute_url()}recuse/", {"recusal-reason": "亲属"})

        assert Recusal.objects.get().person == finance[1]
        assert 'id="recuse"' not in client.get(case.get_absolute_url()).text

    @pytest.mark.parametrize("step", ["make", "approve", "pay", "cancel", "fail"])
    def test_from_then_on_they_have_no_part_in_the_payment(self, award, case, finance, batch, step):
        services.declare_conflict(case, reason="亲属", by=finance[2])
        if step == "make":
            disbursements.cancel_batch(batch, by=finance[0])
        if step in ("pay", "fail"):
            disbursements.approve_batch(batch, by=finance[1])
        act = {
            "make": lambda by: disbursements.make_batch(award.district, [award], by=by),
            "approve": lambda by: disbursements.approve_batch(batch, by=by),
            "pay": lambda by: disbursements.mark_paid(batch, on=domain.TODAY, by=by),
            "cancel": lambda by: disbursements.cancel_batch(batch, by=by),
            "fail": lambda by: disbursements.fail_line(batch.lines.get(), reason="销户", by=by),
        }[step]

        with pytest.raises(NotAllowed, match=f"{finance[2]}已申请回避"):
            act(finance[2])
        assert act(finance[1])

    def test_it_binds_whoever_stands_in_for_them_and_them_as_stand_ins(self, case, finance, batch):
        services.declare_conflict(case, reason="亲属", by=finance[2])
        deputy = AppointmentFactory(department=finance[2].appointments.get().department).user
        StandInFactory(appointment=finance[2].appointments.get(), deputy=deputy)
        with pytest.raises(NotAllowed, match=f"{finance[2]}已申请回避"):
            disbursements.approve_batch(batch, by=deputy)

        other = AppointmentFactory(department=finance[1].appointments.get().department).user
        StandInFactory(appointment=finance[1].appointments.get(), deputy=other)
        services.declare_conflict(case, reason="亲属", by=other)
        with pytest.raises(NotAllowed, match=f"{other}已申请回避"):
            disbursements.approve_batch(batch, by=other)
        assert disbursements.approve_batch(batch, by=finance[1])

    def test_what_they_signed_before_stands_and_others_go_on(self, case, finance, batch):
        disbursements.approve_batch(batch, by=finance[1])
        for person in finance[:2]:
            services.declare_conflict(case, reason="亲属", by=person)

        paid = disbursements.mark_paid(batch, on=domain.TODAY, by=finance[2])

        assert (paid.approved_by, paid.paid_by) == (finance[1], finance[2])

    def test_or_others_cancel_what_they_signed(self, case, finance, batch):
        disbursements.approve_batch(batch, by=finance[1])
        with pytest.raises(StateChanged):
            disbursements.cancel_batch(batch, by=finance[2])
        services.declare_conflict(case, reason="亲属", by=finance[1])

        assert disbursements.cancel_batch(batch, by=finance[2]).status == "cancelled"

    def test_the_database_lets_them_note_no_payment(self, case, finance, batch, monkeypatch):
        disbursements.approve_batch(batch, by=finance[1])
        services.declare_conflict(case, reason="亲属", by=finance[2])
        monkeypatch.setattr(disbursements, "require_stranger", lambda *given: None)

        with pytest.raises(domain.REFUSED_BY_TRIGGER, match="a part in"), transaction.atomic():
            disbursements.mark_paid(batch, on=domain.TODAY, by=finance[2])

    def test_the_page_of_the_batch_says_what_follows(self, case, finance, batch, client):
        services.declare_conflict(case, reason="亲属", by=finance[1])
        client.force_login(finance[1])

        page = client.get(batch.get_absolute_url())

        assert f"{finance[1]}已申请回避" in page.text
        assert f"可以办理的人：{finance[2]}" in page.text
        assert "复核通过" not in page.text
        assert "确认作废" not in page.text
        assert client.post(f"{batch.get_absolute_url()}approve/").status_code == 403

    def test_it_says_who_signed_and_withdrew(self, case, finance, batch, client):
        disbursements.approve_batch(batch, by=finance[1])
        services.declare_conflict(case, reason="亲属", by=finance[1])

        client.force_login(finance[1])
        page = client.get(batch.get_absolute_url()).text
        assert "下载拨付清单" not in page
        assert client.get(f"{batch.get_absolute_url()}list.xlsx").status_code == 403
        client.force_login(finance[2])
        page = client.get(batch.get_absolute_url()).text
        assert "经办本批次的人后来申请了回避" in page
        assert "登记已拨付" in page
        assert "确认作废" in page

    def test_it_says_when_nobody_is_left(self, case, finance, batch, client):
        for person in finance[1:]:
            services.declare_conflict(case, reason="亲属", by=person)
        client.force_login(finance[0])

        page = client.get(batch.get_absolute_url()).text

        assert "您是制单人" in page
        assert "现在没有人可以办理本批次" in page

    def test_nothing_of_it_waits_for_them(self, case, finance, batch, client):
        client.force_login(finance[1])
        assert client.get("/finance/").context["to_approve"] == 1
        services.declare_conflict(case, reason="亲属", by=finance[1])

        assert client.get("/finance/").context["to_approve"] == 0


class TestOpenPage:
    """Case A05. The page was opened while everything was in order."""

    @pytest.fixture
    def opened(self, task, person, client):
        client.force_login(person)
        assert client.get(page_of(task)).context["form"] is not None

    @pytest.mark.parametrize("change", ["ended", "disabled"])
    def test_a_role_that_was_removed_decides_no_more(self, opened, task, person, client, change):
        if change == "ended":
            Appointment.objects.filter(user=person).update(ends_on="2026-03-10")
        else:
            User.objects.filter(pk=person.pk).update(is_active=False)

        answer = send(client, task)

        # Whoever was disabled is not signed in any more.
        assert answer.status_code == (403 if change == "ended" else 302)
        assert not Opinion.objects.exists()
        task.refresh_from_db()
        assert task.state == "open"

    def test_a_conflict_declared_in_another_window_counts_at_once(
        self, opened, task, person, client
    ):
        services.declare_conflict(task.case, reason="亲属", by=person)

        answer = send(client, task)

        assert answer.status_code == 403
        assert "您已申请回避本件" in answer.content.decode()
        assert not Opinion.objects.exists()

    def test_a_stand_in_that_was_ended_decides_no_more(self, task, person, client):
        deputy = AppointmentFactory(department=task.department, role=Role.LEAD).user
        StandInFactory(appointment=person.appointments.get(), deputy=deputy)
        client.force_login(deputy)
        assert client.get(page_of(task)).context["form"] is not None
        StandIn.objects.update(ended_at=timezone.now(), ended_by=person)

        answer = send(client, task)

        assert answer.status_code == 403
        assert not Opinion.objects.exists()

    def test_a_removed_role_in_finance_approves_no_batch(self, company, budget, client):
        award = domain.notified_award(company)
        place = services.finance_department(award.district)
        maker, second = (domain.official(place, Role.FINANCE, number) for number in (1, 2))
        batch = disbursements.make_batch(award.district, [award], by=maker)
        client.force_login(second)
        assert client.get(batch.get_absolute_url()).context["may_go_on"]
        Appointment.objects.filter(user=second).update(ends_on="2026-03-10")

        answer = client.post(f"{batch.get_absolute_url()}approve/")

        assert answer.status_code == 403
        batch.refresh_from_db()
        assert batch.status == "draft"


@pytest.mark.django_db(transaction=True)
def test_an_opinion_and_a_conflict_at_the_same_moment_come_one_after_the_other(company):
    """Whichever is first: no opinion is written behind the declaration."""
    task = domain.open_tasks(domain.filed(company))[0]
    person = domain.official(task.department, Role.REVIEWER)

    results = at_once(
        lambda: domain.decide(task, by=User.objects.get(pk=person.pk)),
        lambda: services.declare_conflict(
            task.case, reason="亲属", by=User.objects.get(pk=person.pk)
        ),
    )

    assert isinstance(results[1], Recusal)
    refused = isinstance(results[0], NotAllowed)
    assert Opinion.objects.exists() is not refused
    if not refused:
        assert results[0].at <= results[1].at


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", [disbursements.approve_batch, disbursements.hand_out_list])
def test_a_payment_waits_for_a_conflict_that_its_person_declares(company, budget, act):
    award = domain.notified_award(company)
    place = services.finance_department(award.district)
    maker, second, third = (domain.official(place, Role.FINANCE, number) for number in (1, 2, 3))
    batch = disbursements.make_batch(award.district, [award], by=maker)
    if act == disbursements.hand_out_list:
        disbursements.approve_batch(batch, by=third)

    def pay():
        try:
            return act(batch, by=User.objects.get(pk=second.pk))
        except NotAllowed as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            services.declare_conflict(award.claim.application.case, reason="亲属", by=second)
            payment = pool.submit(pay)
            with pytest.raises(TimeoutError):
                payment.result(timeout=PATIENCE)
        assert isinstance(payment.result(), NotAllowed)


def test_the_history_tells_of_it(task, person):
    services.declare_conflict(task.case, reason="亲属", by=person)
    case = Case.objects.for_page().get(pk=task.case_id)

    events = CaseFile(case, person).history

    assert [event.text for event in events if event.what == "申请回避"] == ["亲属"]
