"""How sign-ins are shown."""

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.models import Entry

register = template.Library()

# The first that a browser's own words hold; all of them say Mozilla, and most say Safari.
BROWSERS = {
    "MicroMessenger": gettext_lazy("微信"),
    "Edg": "Edge",
    "Firefox": "Firefox",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "Windows": "Windows",
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Mac OS": "macOS",
    "Linux": "Linux",
}


@register.filter
def device(words: str | None) -> str:
    """A browser's account of itself, in two words; the beginning of it where it says neither."""
    words = words or ""
    browser = next((str(name) for sign, name in BROWSERS.items() if sign in words), "")
    system = next((name for sign, name in SYSTEMS.items() if sign in words), "")
    found = "·".join(filter(None, [browser, system]))
    return found or words[:30] or _("没有说明")


@register.filter
def outcome(entry: Entry) -> dict[str, str]:
    """What came of an attempt to sign in: `kind` and `label` of `components/status.html`."""
    if entry.action == "person.sign_in_failed":
        wrong_code = entry.data.get("wrong") == "code"
        return {"kind": "fail", "label": _("动态码不对") if wrong_code else _("密码不对")}
    kind, label = {
        "person.signed_in": ("pass", _("已登录")),
        "person.signed_out": ("shut", _("已退出")),
        "person.locked_out": ("warn", _("连续输错，已锁定")),
    }[entry.action]
    return {"kind": kind, "label": label}
