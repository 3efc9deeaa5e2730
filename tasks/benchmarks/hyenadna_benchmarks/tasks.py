"""The tasks of the suites: fine-tune on a set by name, by a named protocol."""

from pathlib import Path
from typing import Any

import click

from hyenadna_benchmarks.benchmark_set import sets_of
from hyenadna_benchmarks.layouts import gue
from hyenadna_core import HyenaDNAError, InputPath, LabelledSequences, SequenceTask, Target

PROTOCOLS = ("holdout", "paper")


class GUETask(SequenceTask):
    """Fine-tune on a set of GUE, the suite of DNABERT-2."""

    name = "gue"
    options = (
        click.Option(["--set"], required=True, metavar="NAME", help="The set; `hyenadna datasets` lists them."),
        click.Option(["--folder"], type=InputPath(), help="Folder of the suite in its published layout."),
        click.Option(["--protocol"], type=click.Choice(PROTOCOLS), default=PROTOCOLS[0], show_default=True),
        *SequenceTask.options,
    )

    def __init__(  # `set` is the name of the option
        self,
        set: str,
        folder: Path | str | None = None,
        protocol: str = PROTOCOLS[0],
        **shared: Any,  # noqa: A002
    ) -> None:
        super().__init__(**shared)
        sets = sets_of("gue")
        if set not in sets:
            raise HyenaDNAError(f"GUE has no set {set!r}: choose one of {', '.join(sets)}.")
        self.set, self.folder, self.protocol = sets[set], Path(folder or "."), protocol
        self.target = Target("classes", self.set.classes)

    def sequences(self, split: str) -> LabelledSequences | None:
        published = {"train": "train", "valid": "test" if self.protocol == "paper" else "dev", "test": "test"}
        return gue.read_split(self.set, self.folder, published[split])


TASKS = (GUETask,)
