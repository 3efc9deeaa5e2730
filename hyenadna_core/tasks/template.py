"""A new plug-in from the template, which is itself a plug-in that works (tasks/template)."""

import re
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.cache import written_aside

TEMPLATE = Path(__file__).parents[1] / "data" / "template"
NAME = "template"  # of the task in it
SUFFIXES = (".py", ".toml", ".md")
TAKEN = ("core", "backends", "plugins", "classify", "causal-lm")
MADE = "build"  # a folder that is made where the template itself is built


def write_task(name: str, folder: Path) -> Path:
    """Write the template's files with another name in place of its own; the folder.

    Raises:
        HyenaDNAError: the name is none, or the folder is there already.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise HyenaDNAError(f"{name!r} is no name for a task: take lower-case letters, digits and single hyphens.")
    if name in TAKEN:
        raise HyenaDNAError(f"A task cannot be called {name!r}, as a part of HyenaDNA is: choose another name.")
    if folder.exists():
        raise HyenaDNAError(f"{folder} exists already: remove it, or choose another --out.")
    package = name.replace("-", "_")
    new = {
        f"hyenadna_{NAME}": f"hyenadna_{package}",
        f"test_{NAME}": f"test_{package}",
        "TemplateTask": "".join(part.capitalize() for part in name.split("-")) + "Task",
        NAME: name,
    }
    names = re.compile("|".join(new))
    with written_aside(folder) as aside:
        for source in sorted(TEMPLATE.rglob("*")):
            relative = source.relative_to(TEMPLATE)
            if source.suffix not in SUFFIXES or MADE in relative.parts:
                continue
            text = names.sub(lambda found: new[found[0]], source.read_text(encoding="utf-8"))
            relative = Path(str(relative).replace(NAME, package))
            (aside / relative).parent.mkdir(parents=True, exist_ok=True)
            (aside / relative).write_text(text, encoding="utf-8")
    return folder
