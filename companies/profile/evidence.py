"""The paper that a dated fact rests on: attached by the company, or by who keeps the registry."""

from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import models, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.locks import locked
from accounts.models import Role, User
from accounts.refusals import NotAllowed, Refused
from audit.services import record
from companies.files import store_file
from companies.models import (
    Agreement,
    Company,
    Measure,
    Recognition,
    ScaleYear,
    Source,
    StoredFile,
    YearlyFigure,
)
from companies.team.access import may
from companies.team.enums import Scope
from companies.vault.kinds import FileKind

Fact = ScaleYear | Recognition | Agreement | YearlyFigure


@dataclass(frozen=True)
class EvidenceKind:
    """A kind of fact, what its paper is, and the section of the profile where it stands."""

    model: type[models.Model]
    file_kind: FileKind
    anchor: str


KINDS = {
    "scale": EvidenceKind(ScaleYear, FileKind.OTHER, "standing"),
    "recognition": EvidenceKind(Recognition, FileKind.RECOGNITION, "standing"),
    "agreement": EvidenceKind(Agreement, FileKind.CONTRACT, "agreements"),
    "figure": EvidenceKind(YearlyFigure, FileKind.OTHER, "figures"),
}


def seen_by(kind: EvidenceKind, user: User) -> QuerySet[Any]:
    """The facts of a kind that the person sees: the fiscal contribution is not for everybody."""
    rows = kind.model._default_manager.filter(company__in=Company.objects.visible_to(user))
    if kind.model is YearlyFigure:
        rows = rows.filter(pk__in=YearlyFigure.objects.visible_to(user).values("pk"))
    return rows


def keeper_of(fact: Fact) -> Role | None:
    """Which officials give the paper of a fact; None of a figure that the company declares, whose
    paper comes with it."""
    if isinstance(fact, YearlyFigure):
        if fact.measure == Measure.FISCAL_CONTRIBUTION:
            return Role.FINANCE
        if fact.source == Source.DECLARED:
            return None
    return Role.ADMINISTRATOR


def keeps_facts(user: User, company: Company, role: Role = Role.ADMINISTRATOR) -> bool:
    """Whether the person enters such facts of the district's companies; never those of their own,
    nor of one that they left, nor for a colleague who belongs to one."""
    principal = user.principal(role, district_id=company.district_id)
    keeps = company.district_id in user.district_ids(role)
    return keeps and not company.ever_had(filter(None, [user, principal]))


def gives_papers(user: User, company: Company) -> bool:
    """Whether the person gives the papers of the company's dated facts."""
    return may(user, company, Scope.DATA) or keeps_facts(user, company)


def may_attach(user: User, fact: Fact) -> bool:
    if not isinstance(fact, YearlyFigure):
        return gives_papers(user, fact.company)
    keeper = keeper_of(fact)
    return keeper is not None and keeps_facts(user, fact.company, keeper)


def may_replace(fact: Fact, user: User) -> bool:
    """Whether the person may put another paper in place of the fact's: what an official gave, who
    keeps such facts alone may take away."""
    keeper = keeper_of(fact)
    if keeper is not None and keeps_facts(user, fact.company, keeper):
        return True
    return fact.evidence is None or fact.company.ever_had([fact.evidence.uploaded_by])


@transaction.atomic
def attach(fact: Fact, *, stored: StoredFile, by: User) -> None:
    """Let the fact rest on a file of the company's vault, in place of what it rested on."""
    company = locked(Company.objects.all()).get(pk=fact.company_id)
    _require_attacher(fact, by)
    if stored.company_id != company.pk:
        raise NotAllowed(_("依据文件不是本企业的，请重新选择。"))
    fact.refresh_from_db()
    before = fact.evidence_id
    if not may_replace(fact, by):
        raise NotAllowed(_("这份依据文件由主管部门所附，须由本区县的系统管理员更换。"))
    if isinstance(fact, YearlyFigure) and not fact.takes_paper:
        raise Refused(_("这个数已锁定，依据文件不再更换。"))
    fact.evidence = stored
    fact.save(update_fields=["evidence"])
    keeper = keeper_of(fact)
    record(
        "evidence.attached",
        about=fact,
        by=by,
        on_behalf_of=by.principal(keeper, district_id=company.district_id) if keeper else None,
        before=before,
        file=stored.pk,
    )


@transaction.atomic
def attach_upload(fact: Fact, upload: UploadedFile, *, kind: FileKind, by: User) -> None:
    """Put the file into the company's vault and let the fact rest on it. Raises Refused with
    what is wrong with the file."""
    _require_attacher(fact, by)
    attach(fact, stored=store_file(fact.company, upload, by=by, kind=kind), by=by)


def _require_attacher(fact: Fact, by: User) -> None:
    if may_attach(by, fact):
        return
    if not isinstance(fact, YearlyFigure):
        raise NotAllowed(_("依据文件由本企业或本区县的系统管理员补充。"))
    if keeper_of(fact) is None:
        raise NotAllowed(_("企业申报的数据，依据文件由本企业在申报时附上。"))
    raise NotAllowed(_("财政贡献的依据文件由财政人员补充，其他年度数据的由系统管理员补充。"))
