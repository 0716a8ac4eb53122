"""What keeps a person from a case, the office apart, and on whose behalf one acts on it."""

from accounts.models import Role, User
from reviews.models import Case


def is_free(case: Case, person: User) -> bool:
    """Whether nothing keeps the person from deciding on the case, the office apart."""
    return not (
        case.application.company.ever_had([person])
        or case.recusals.filter(person=person).exists()
        or case.opinions.standing().by_any([person]).exists()
    )


def principal_on(case: Case, user: User) -> User | None:
    """On whose behalf the person acts on a case beside deciding: in the office that an open task
    asks for, else in the lead department's or finance's."""
    for task in case.tasks.open():
        role = Role(task.role)
        if user.has_role(role, department_id=task.department_id):
            return user.principal(role, department_id=task.department_id)
    lead = case.application.item.leads[0]
    if user.has_role(Role.REVIEWER, Role.LEAD, department_id=lead.pk):
        return user.principal(Role.REVIEWER, Role.LEAD, department_id=lead.pk)
    return user.principal(Role.FINANCE, district_id=case.application.district_id)


def is_outsider(case: Case, user: User) -> bool:
    """Whether the person and whom they stand in for have no part in the company and declared no
    conflict on the case."""
    people = {user, principal_on(case, user) or user}
    return not (
        case.application.company.ever_had(people)
        or case.recusals.filter(person__in=people).exists()
    )
