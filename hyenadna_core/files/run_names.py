"""The names of the files and folders of a run, which other outputs must not overwrite."""

from pathlib import Path

from hyenadna_core.errors import HyenaDNAError

CHECKPOINTS, BEST, LATEST = "checkpoints", "best", "latest"
# Everything that a run writes into its folder. Nothing else is ever written or removed, and a link
# under one of these names is refused.
RUN, LOCK, LOGS, REPORT = "run.json", ".lock", ("log.tsv", "valid.tsv"), "report.txt"
PICTURES = ("curves.png", "confusion.png", "scatter.png", "labels.png")
FILES = (RUN, LOCK, *LOGS, REPORT, *PICTURES, "predictions.tsv", "labels.tsv", f"{CHECKPOINTS}/{LATEST}")
FITTED = "fitted"  # the model of a FittedTask
FOLDERS = (CHECKPOINTS, f"{CHECKPOINTS}/{BEST}", FITTED, "tensorboard", "wandb")


def check_free(path: Path) -> None:
    """Check that a folder, if it exists, has nothing under the names of a run's files.

    Raises:
        HyenaDNAError: it holds a run, or a file that a run would overwrite.
    """
    if (path / RUN).exists():
        raise HyenaDNAError(f"{path} holds a run already: continue it with --resume {path}, or choose another --out.")
    if taken := [name for name in (*FILES, *FOLDERS) if name != LOCK and (path / name).exists()]:
        raise HyenaDNAError(f"{path} holds {taken[0]} already, which a run would overwrite: choose another --out.")


def check_not_of_run(path: Path) -> None:
    """Check that a file to be written is none of a run, in any folder with a run.json.

    Raises:
        HyenaDNAError: it has the name of a file of a run, or is in a folder of one.
    """
    file = path.parent.resolve() / path.name
    for run in file.parents:
        if (run / RUN).exists():
            inside = file.relative_to(run).as_posix().lower()  # some file systems do not tell a from A
            if inside in FILES or inside.startswith(tuple(f"{name}/" for name in FOLDERS)):
                raise HyenaDNAError(f"{path} is for the run {run.name} itself: name another file.")
