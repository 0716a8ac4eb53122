"""J05: neither the way back nor a mail leads to where a stranger wants."""

import pytest
from django.core import mail

from accounts.signing_in.address import page_at
from outbox.services import perform_due
from tests.signing_in.people import browser, signed_in, try_password

EVIL = [
    "//evil.example",
    "///evil.example",
    "https://evil.example/",
    "http:///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "javascript:alert(1)",
    "https:evil.example",
    " //evil.example",
    "http://testserver@evil.example/",
    "http://testserver.evil.example/",
]


@pytest.mark.parametrize("url", EVIL)
def test_signing_in_leads_to_no_other_site(person, url):
    assert try_password(browser(), person.username, next=url).url == "/"


@pytest.mark.parametrize("url", EVIL)
def test_whoever_is_signed_in_is_led_to_no_other_site(person, url):
    client = signed_in(person)

    assert client.get("/login/", {"next": url}).url == "/"
    assert client.post("/large-type/", {"next": url}).url == "/"
    assert client.post("/language/", {"next": url, "language": "en"}).url == "/"


@pytest.mark.parametrize("url", ["/policies/?q=1", "/workspace/"])
def test_signing_in_leads_back_to_a_page_of_ours(person, url):
    assert try_password(browser(), person.username, next=url).url == url


def test_a_form_sent_without_a_sign_in_leads_back_to_the_page_that_it_stood_on(db):
    page = "http://testserver/workspace/cases/?q=1"

    assert browser().post("/security/", headers={"Referer": page}).url == (
        "/login/?next=/workspace/cases/%3Fq%3D1"
    )
    stranger = browser().post("/security/", headers={"Referer": "https://evil.example/page"})
    assert stranger.url == "/login/?next=/"


@pytest.mark.parametrize(
    ("page", "fields"),
    [
        ("/password/forgotten/", {}),
        (
            "/signup/",
            {"name": "张三", "password1": "Correct-Horse-7", "password2": "Correct-Horse-7"},
        ),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_a_mail_names_the_installation_and_not_the_host_of_the_request(
    person, settings, page, fields, known
):
    settings.ALLOWED_HOSTS = ["*"]
    settings.BASE_URL = "https://subsidies.example.org"
    email = person.email if known else "new@example.org"

    browser().post(page, {"email": email, **fields}, headers={"Host": "evil.example"})
    perform_due()

    [sent] = mail.outbox
    assert "https://subsidies.example.org/" in sent.body
    assert "evil" not in sent.body + sent.subject + str(sent.extra_headers)


def test_the_administration_has_no_sign_in_of_its_own(person):
    assert browser().get("/admin/").url.startswith("/login/?next=")
    assert browser().get("/admin/login/?next=/admin/").url.startswith("/login/?next=")
    assert browser().post("/admin/login/", {"username": "a", "password": "b"}).status_code == 302
    assert signed_in(person).get("/admin/login/").status_code == 403


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("/finance/batches/new/", "/finance/batches/"),
        ("/workspace/stand-ins/new/", "/workspace/stand-ins/"),
        ("/finance/adjustments/7/agree/", "/finance/"),
        ("/language/", "/"),
        ("/finance/batches/?page=2", "/finance/batches/?page=2"),
        ("/login/?next=/finance/", "/login/?next=/finance/"),
        ("/admin/accounts/user/add/", "/admin/accounts/user/add/"),
        ("/nowhere/at/all/", "/nowhere/at/all/"),
    ],
)
def test_an_address_that_only_takes_forms_belongs_to_the_page_above_it(url, page):
    assert page_at(url) == page
