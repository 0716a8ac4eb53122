"""The paper that a dated fact rests on: attached by the company, or by who keeps the registry."""

from dataclasses import dataclass

from django.core.files.uploadedfile import UploadedFile
from django.db import models, transaction
from django.utils.translation import gettext as _

from accounts.locks import locked
from accounts.models import Role, User
from accounts.refusals import NotAllowed
from audit.services import record
from companies.files import store_file
from companies.models import Agreement, Company, Recognition, ScaleYear, StoredFile
from companies.team.access import may
from companies.team.enums import Scope
from companies.vault.kinds import FileKind

Fact = ScaleYear | Recognition | Agreement


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
}


def keeps_facts(user: User, company: Company) -> bool:
    """Whether the person enters the facts of the district's companies; never those of their own,
    nor of one that they left."""
    keeps = company.district_id in user.district_ids(Role.ADMINISTRATOR)
    return keeps and not company.ever_had([user])


def may_attach(user: User, company: Company) -> bool:
    return may(user, company, Scope.DATA) or keeps_facts(user, company)


def may_replace(paper: StoredFile, user: User, company: Company) -> bool:
    """Whether the person may put another paper in its place: what an official gave, who keeps
    the facts alone may take away."""
    return keeps_facts(user, company) or company.ever_had([paper.uploaded_by])


@transaction.atomic
def attach(fact: Fact, *, stored: StoredFile, by: User) -> None:
    """Let the fact rest on a file of the company's vault, in place of what it rested on."""
    company = locked(Company.objects.all()).get(pk=fact.company_id)
    if not may_attach(by, company):
        raise NotAllowed(_("依据文件由本企业或本区县的系统管理员补充。"))
    if stored.company_id != company.pk:
        raise NotAllowed(_("依据文件不是本企业的，请重新选择。"))
    fact.refresh_from_db(fields=["evidence"])
    before = fact.evidence_id
    if fact.evidence and not may_replace(fact.evidence, by, company):
        raise NotAllowed(_("这份依据文件由主管部门所附，须由本区县的系统管理员更换。"))
    fact.evidence = stored
    fact.save(update_fields=["evidence"])
    record("evidence.attached", about=fact, by=by, before=before, file=stored.pk)


@transaction.atomic
def attach_upload(fact: Fact, upload: UploadedFile, *, kind: FileKind, by: User) -> None:
    """Put the file into the company's vault and let the fact rest on it. Raises Refused with
    what is wrong with the file."""
    if not may_attach(by, fact.company):
        raise NotAllowed(_("依据文件由本企业或本区县的系统管理员补充。"))
    attach(fact, stored=store_file(fact.company, upload, by=by, kind=kind), by=by)
