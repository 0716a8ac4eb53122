"""The engine runs where nothing is installed: it is the standard library and itself."""

import json
import subprocess
import sys

from django.conf import settings

ASK = """
import json, sys
before = set(sys.modules)
import subsidies.rules.estimate
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_importing_the_engine_loads_the_standard_library_and_itself_only():
    code = f"import sys; sys.path.insert(0, {str(settings.BASE_DIR)!r})\n{ASK}"
    result = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    loaded = json.loads(result.stdout)

    strangers = {
        name
        for name in loaded
        if name.partition(".")[0] not in sys.stdlib_module_names
        and name != "subsidies"
        and name.split(".")[:2] != ["subsidies", "rules"]
    }
    assert "subsidies.rules.estimate" in loaded
    assert not strangers
