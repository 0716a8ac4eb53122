import pytest
from django import forms
from django.test import Client, override_settings

from accounts.models import District, User
from tests.factories import UserFactory


def person(**fields) -> User:
    user = UserFactory(**fields)
    user.set_password("a-long-password")
    user.save()
    return user


def test_signing_in_leads_home(public):
    user = person()
    response = public.post("/login/", {"login": user.username, "password": "a-long-password"})

    assert response.url == "/"


def test_a_wrong_password_is_said_once_and_in_words(public):
    response = public.post("/login/", {"login": "nobody", "password": "wrong"})

    assert response.status_code == 200
    assert 'role="alert"' in response.content.decode()


def test_the_demo_names_its_people_on_the_sign_in_page(public):
    person(name="演示某", is_demo=True)
    person(name="真人某")
    with override_settings(DEMO=True):
        page = public.get("/login/").content.decode()

    assert "演示某" in page
    assert "真人某" not in page


def test_an_installation_that_is_no_demo_names_nobody(public):
    person(name="演示某", is_demo=True)
    with override_settings(DEMO=False):
        assert "演示某" not in public.get("/login/").content.decode()


def test_large_type_stays_with_the_person(public):
    user = person()
    public.force_login(user)
    public.post("/large-type/", {"next": "/policies/"})

    user.refresh_from_db()
    assert user.large_type
    assert 'class="large-type"' in public.get("/policies/").content.decode()


def test_large_type_stays_for_the_visit_of_somebody_unknown(public):
    response = public.post("/large-type/", {"next": "/policies/"})

    assert response.url == "/policies/"
    assert 'class="large-type"' in public.get("/policies/").content.decode()


@pytest.mark.parametrize("url", ["https://elsewhere.example/", "//elsewhere.example", ""])
def test_nobody_is_sent_to_another_site(public, url):
    assert public.post("/large-type/", {"next": url}).url == "/"


def test_the_language_can_be_changed(public):
    public.post("/language/", {"language": "en", "next": "/policies/"})

    assert 'lang="en"' in public.get("/policies/").content.decode()


def test_where_nothing_is_chosen_yet_it_says_so_in_words():
    class Choice(forms.Form):
        district = forms.ModelChoiceField(District.objects.none())

    assert "请选择" in str(Choice()["district"])
    assert "---" not in str(Choice()["district"])


def test_no_page_carries_a_style_or_a_script_of_its_own(public, portal):
    for client, url in [
        (public, "/policies/"),
        (public, "/policies/jb24-03/"),
        (public, "/documents/jb24/"),
        (public, "/login/"),
        (portal, "/applications/"),
        (portal, "/policies/jb24-20/"),
    ]:
        page = client.get(url).content.decode()
        assert " style=" not in page, url
        assert "<style" not in page, url
        assert "<script>" not in page, url
        assert " onclick=" not in page, url


def test_the_error_pages_speak_without_a_request(public):
    from django.template.loader import get_template

    for name in ("404.html", "403.html", "403_csrf.html", "500.html"):
        assert "回到首页" in get_template(name).render()


def test_a_page_that_is_not_there_says_so_in_words(public):
    response = public.get("/nowhere/")

    assert response.status_code == 404
    assert "没有这个页面" in response.content.decode()


def test_a_form_without_its_token_is_refused_in_words():
    client = Client(enforce_csrf_checks=True)
    response = client.post("/large-type/")

    assert response.status_code == 403
    assert "页面已过期" in response.content.decode()
