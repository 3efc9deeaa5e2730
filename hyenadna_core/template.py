"""A new plug-in from the template, which is itself a plug-in that works (tasks/template)."""

import re
from pathlib import Path

from hyenadna_core.cache import written_aside
from hyenadna_core.errors import HyenaDNAError

TEMPLATE = Path(__file__).parent / "data" / "template"
NAME = "template"  # of the task in it
SUFFIXES = (".py", ".toml", ".md")
MADE = "build"  # a folder that is made where the template itself is built


def write_task(name: str, folder: Path) -> Path:
    """Write the template's files with another name in place of its own; the folder.

    Raises:
        HyenaDNAError: the name is none, or the folder is there already.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise HyenaDNAError(f"{name!r} is no name for a task: take lower-case letters, digits and single hyphens.")
    if folder.exists():
        raise HyenaDNAError(f"{folder} exists already: remove it, or choose another --out.")
    package = name.replace("-", "_")
    title = "".join(part.capitalize() for part in name.split("-"))
    with written_aside(folder) as aside:
        for source in sorted(TEMPLATE.rglob("*")):
            if source.suffix not in SUFFIXES or MADE in source.parts:
                continue
            relative = Path(str(source.relative_to(TEMPLATE)).replace(NAME, package))
            text = source.read_text(encoding="utf-8")
            for old, new in ((f"hyenadna_{NAME}", f"hyenadna_{package}"), (f"test_{NAME}", f"test_{package}")):
                text = text.replace(old, new)
            text = text.replace("TemplateTask", f"{title}Task").replace(NAME, name)
            (aside / relative).parent.mkdir(parents=True, exist_ok=True)
            (aside / relative).write_text(text, encoding="utf-8")
    return folder
