from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin import ViewOnlyAdmin, person_of, site
from outbox.models import Job, JobQuerySet
from outbox.services import try_again


class JobAdmin(ViewOnlyAdmin):
    list_display = ("kind", "key", "state", "attempts", "handed_over_at", "last_error")
    list_filter = ("state", "kind")
    search_fields = ("kind", "key")
    ordering = ("-pk",)
    # The arguments of a mail are its text, which is its reader's.
    exclude = ("args",)
    actions = ("put_back",)

    @admin.action(description=_("再试一次"))
    def put_back(self, request: HttpRequest, queryset: JobQuerySet) -> None:
        count = try_again(queryset, by=person_of(request))
        self.message_user(
            request,
            _("%d 项失败的任务重新排队。") % count,
            messages.SUCCESS if count else messages.WARNING,
        )


site.register(Job, JobAdmin)
