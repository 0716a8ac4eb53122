"""Who of the company did what on an application, for its own people."""

from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.models import Entry
from subsidies.applications.models import Application

# What a company's people do, by the act's code in the audit chain.
WORDS = {
    "application.started": _("建立草稿"),
    "application.submitted": _("提交申请"),
    "application.corrected": _("补正后提交"),
    "application.withdrawn": _("撤回申请"),
    "application.file_added": _("上传材料"),
    "application.file_removed": _("移除材料"),
}


@dataclass(frozen=True)
class Act:
    """One act, as `components/log.html` takes it."""

    who: str
    what: str
    when: str
    text: str = ""
    kind: str = "pass"
    status: str = ""


def acts_on(application: Application) -> list[Act]:
    """The newest first. Saving a draft is not among them: the page says who saved last."""
    entries = Entry.objects.about(application).filter(action__in=WORDS).order_by("-seq")
    return [
        Act(
            who=entry.actor_name,
            what=str(WORDS[entry.action]),
            when=timezone.localtime(entry.at).strftime("%Y-%m-%d %H:%M"),
            text=entry.data.get("name", ""),
        )
        for entry in entries
    ]
