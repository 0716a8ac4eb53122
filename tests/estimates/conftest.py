import pytest
from django.core.management import call_command


@pytest.fixture
def catalogue(db, capsys) -> None:
    """The editions of `subsidies/catalogue/`, published."""
    call_command("load_catalogue")
    capsys.readouterr()
