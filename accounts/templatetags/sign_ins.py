"""How sign-ins are shown."""

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.signing_in import asking
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


@register.simple_tag(takes_context=True)
def way_back(context: template.Context) -> str:
    """See `accounts.signing_in.asking.way_back`."""
    return asking.way_back(context["request"])


@register.filter
def device(words: str | None) -> str:
    """A browser's account of itself, in two words; the beginning of it where it says neither,
    and nothing where there is none."""
    words = words or ""
    browser = next((str(name) for sign, name in BROWSERS.items() if sign in words), "")
    system = next((name for sign, name in SYSTEMS.items() if sign in words), "")
    found = "·".join(filter(None, [browser, system]))
    return found or words[:30]


@register.filter
def origin(entry: Entry) -> dict[str, str]:
    """From where it was done; empty for what somebody else did to the account."""
    return {
        "address": entry.data.get("address") or "",
        "device": device(entry.data.get("device")),
    }


@register.filter
def outcome(entry: Entry) -> dict[str, str]:
    """What happened to a sign-in or to what protects it: `kind` and `label` of
    `components/status.html`."""
    if entry.action == "person.sign_in_failed":
        wrong_code = entry.data.get("wrong") == "code"
        return {"kind": "fail", "label": _("动态码不对") if wrong_code else _("密码不对")}
    kind, label = {
        "person.signed_in": ("pass", _("已登录")),
        "person.signed_out": ("shut", _("已退出")),
        "person.sign_in_ended": ("shut", _("已结束别处的登录")),
        "person.locked_out": ("warn", _("连续输错，已锁定")),
        "person.unlocked": ("info", _("安全管理员已解锁")),
        "person.password_changed": ("info", _("密码已修改")),
        "person.email_changed": ("warn", _("安全管理员已更改邮箱")),
        "person.second_factor_added": ("info", _("两步验证已开启")),
        "person.second_factor_removed": ("warn", _("两步验证已关闭")),
        "person.recovery_code_used": ("warn", _("用了一个恢复码")),
        "person.recovery_codes_renewed": ("info", _("恢复码已换一组")),
    }[entry.action]
    return {"kind": kind, "label": label}
