"""Write a new plug-in from the template in tasks/template, which is a working plug-in itself."""

import re
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.cache import written_aside

TEMPLATE = Path(__file__).parents[1] / "data" / "template"
NAME = "template"  # of the task in the template
SUFFIXES = (".py", ".toml", ".md")
TAKEN = ("core", "backends", "plugins", "classify", "causal-lm")
MADE = "build"  # a folder that building the template makes


def write_task(name: str, folder: Path) -> Path:
    """Write the files of the template under another name, and return the folder.

    Raises:
        HyenaDNAError: the name is not valid or not free, or the folder exists.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise HyenaDNAError(f"{name!r} is not a name for a task: use lower-case letters, digits and single hyphens.")
    if name in TAKEN:
        raise HyenaDNAError(
            f"A task cannot be called {name!r}, because a part of HyenaDNA has this name: choose another name."
        )
    if folder.exists():
        raise HyenaDNAError(f"{folder} already exists: remove it, or choose another --out.")
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
            text = names.sub(lambda match: new[match[0]], source.read_text(encoding="utf-8"))
            relative = Path(str(relative).replace(NAME, package))
            (aside / relative).parent.mkdir(parents=True, exist_ok=True)
            (aside / relative).write_text(text, encoding="utf-8")
    return folder
