"""Species classification for HyenaDNA: tell from which genome a window of DNA comes."""

from hyenadna_plugins import hookimpl


@hookimpl
def register_tasks(register):
    from hyenadna_species.task import SpeciesTask

    register(SpeciesTask)
