import subprocess
import sys
import tomllib

import pytest

from hyenadna_core.tasks.template import TEMPLATE, write_task


def test_the_template_is_a_screen_of_python_and_half_of_toml():
    assert len((TEMPLATE / "hyenadna_template" / "__init__.py").read_text().splitlines()) <= 30
    assert len((TEMPLATE / "pyproject.toml").read_text().splitlines()) <= 15


def test_a_new_task_has_its_own_name_everywhere(cli, tmp_path):
    status, stdout, _ = cli("new-task", "tata-boxes")
    folder = tmp_path / "hyenadna-tata-boxes"
    assert (status, stdout) == (
        0,
        "Wrote hyenadna-tata-boxes: next, pip install -e hyenadna-tata-boxes, then hyenadna train --task tata-boxes.\n",
    )
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == [
        "README.md",
        "hyenadna_tata_boxes/__init__.py",
        "pyproject.toml",
        "tests/test_tata_boxes.py",
    ]
    texts = [path.read_text() for path in folder.rglob("*") if path.is_file()]
    assert not any("template" in text.lower() for text in texts)
    project = tomllib.loads((folder / "pyproject.toml").read_text())
    assert project["project"]["name"] == "hyenadna-tata-boxes"
    assert project["project"]["entry-points"]["hyenadna"] == {"tata-boxes": "hyenadna_tata_boxes"}
    code = (folder / "hyenadna_tata_boxes" / "__init__.py").read_text()
    assert 'name = "tata-boxes"' in code
    assert "class TataBoxesTask(SequenceTask)" in code


def test_a_name_that_has_the_template_s_own_in_it(cli, tmp_path):
    assert cli("new-task", "my-template")[0] == 0
    project = tomllib.loads((tmp_path / "hyenadna-my-template" / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["hyenadna"] == {"my-template": "hyenadna_my_template"}
    assert project["name"] == "hyenadna-my-template"


@pytest.mark.parametrize("name", ["core", "plugins", "classify"])
def test_names_of_our_own_are_refused(cli, one_line, name):
    assert f"A task cannot be called {name!r}" in one_line(cli("new-task", name)[2])


@pytest.mark.parametrize("name", ["Tata", "a_b", "-a", "a--b", "1a", "", "../x"])
def test_what_is_no_name_is_one_line(cli, one_line, tmp_path, name):
    status, stdout, stderr = cli("new-task", "--", name)
    assert (status, stdout) == (1, "")
    assert f"{name!r} is not a name for a task: use lower-case letters" in one_line(stderr)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_there_is_left_alone(cli, one_line, tmp_path):
    (tmp_path / "hyenadna-mine").mkdir()
    assert "hyenadna-mine already exists" in one_line(cli("new-task", "mine")[2])
    assert not list((tmp_path / "hyenadna-mine").iterdir())


@pytest.mark.one_backend
@pytest.mark.usefixtures("trains")
def test_its_own_tests_pass(tmp_path):
    folder = write_task("mine", tmp_path / "mine")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    environment = {"PYTHONPATH": str(folder)}
    import os

    done = subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
