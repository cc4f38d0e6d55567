"""Print the requirements of named groups in pyproject.toml, one a line.

`dependencies` is what the project always needs; any other name is one of its extras.
"""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
groups = {"dependencies": project["dependencies"], **project["optional-dependencies"]}
for name in sys.argv[1:]:
    print("\n".join(groups[name]))
