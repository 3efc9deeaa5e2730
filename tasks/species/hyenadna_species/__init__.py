"""Species classification for HyenaDNA: tell from which genome a window of DNA comes."""

from typing import Any

from hyenadna_plugins import hookimpl


@hookimpl
def register_tasks(register: Any) -> None:
    from hyenadna_species.task import SpeciesTask

    register(SpeciesTask)
