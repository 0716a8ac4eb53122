"""In production a file that no scanner found clean is shown to no reviewer: there must be one."""

from urllib.parse import urlsplit

import yaml
from django.conf import settings

COMPOSE = yaml.safe_load((settings.BASE_DIR / "docker-compose.yml").read_text())


def test_the_application_asks_a_scanner_that_compose_starts():
    for name in ("web", "worker"):
        given = COMPOSE["services"][name]["environment"]
        assert "CLAMD_URL" in given
        assert "REQUIRE_SCAN" in given
    default = given["CLAMD_URL"].removeprefix("${CLAMD_URL-").removesuffix("}")
    scanner = COMPOSE["services"][urlsplit(default).hostname]

    assert scanner["image"].startswith("clamav/clamav:")
    assert scanner["healthcheck"]["test"]
    assert scanner["volumes"] == ["clamav:/var/lib/clamav"]
    assert "clamav" in COMPOSE["volumes"]
