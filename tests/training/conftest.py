"""Run folders."""

import pytest


@pytest.fixture
def new_run(tmp_path):
    """Return a function that creates run folders by name; they are closed at the end."""
    from hyenadna_core.training.run_folder import RunFolder

    made = []

    def create(name="run", run=None):
        made.append(RunFolder.create(tmp_path / name, run or {}))
        return made[-1]

    yield create
    for folder in made:
        folder.close()
