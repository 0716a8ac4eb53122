"""What of the frame only a browser can tell."""

import pytest
from django.conf import settings
from django.test import Client

from tests import domain


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_head_of_the_portal_is_one_row_on_a_wide_screen(live_server, chromium, world, language):
    client = Client()
    client.force_login(domain.clerk_of(domain.company_with_everything()))
    cookies = {
        settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value,
        settings.LANGUAGE_COOKIE_NAME: language,
    }
    page = chromium.new_page(viewport={"width": 1440, "height": 900})
    page.context.add_cookies(
        [{"name": name, "value": cookies[name], "url": live_server.url} for name in cookies]
    )

    page.goto(f"{live_server.url}/policies/")

    places = page.locator(".mainnav").bounding_box()
    person = page.locator(".whoami").bounding_box()
    page.context.close()
    assert person["y"] < places["y"] + places["height"]
