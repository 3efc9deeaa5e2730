"""The bars of the measurements that run."""

import json

from hyenadna_benchmarks.runner import bars
from hyenadna_benchmarks.runner.bars import RunningBars, share_of_steps
from hyenadna_benchmarks.runner.cells import RUN, Cell
from hyenadna_benchmarks.runner.contenders import Contender

CELLS = [Cell("tf_0", Contender("scratch", "scratch", "scratch"), seed) for seed in range(2)]


def write_run(folder, steps, done):
    (folder / RUN).mkdir(parents=True, exist_ok=True)
    (folder / RUN / "run.json").write_text(json.dumps({"config": {"stages": [f"64x8@{steps // 2}", "128x4@20"]}}))
    (folder / RUN / "log.tsv").write_text("step\tloss\n" + "".join(f"{step}\t0.7\n" for step in done))


def test_the_share_is_that_of_the_last_line(tmp_path):
    assert share_of_steps(tmp_path) == 0
    write_run(tmp_path, 60, [])
    assert share_of_steps(tmp_path) == 0
    write_run(tmp_path, 60, [10, 20])
    assert share_of_steps(tmp_path) == 20 / 50
    (tmp_path / RUN / "run.json").write_text("{")  # half a file
    assert share_of_steps(tmp_path) == 0


def test_the_bars_are_those_of_the_measurements_that_run(tmp_path, monkeypatch):
    shown, made = {}, []

    class Progress:
        def __init__(self, title, total):
            self.title = title
            made.append((title, total))

        def __enter__(self):
            shown[self.title] = 0
            return self.advance

        def advance(self, done):
            shown[self.title] += done

        def __exit__(self, *_):
            del shown[self.title]

    monkeypatch.setattr(bars, "progress", Progress)
    monkeypatch.setattr(bars, "EVERY", 0.0)
    running = RunningBars(tmp_path)
    running(CELLS)
    assert shown == {"tf_0, scratch, seed 0": 0, "tf_0, scratch, seed 1": 0}
    write_run(CELLS[0].folder(tmp_path), 60, [10, 25])
    running(CELLS)
    assert shown == {"tf_0, scratch, seed 0": 500, "tf_0, scratch, seed 1": 0}
    write_run(CELLS[0].folder(tmp_path), 60, [10])  # it was cut off, and goes on from a checkpoint
    running(CELLS[:1])
    assert shown == {"tf_0, scratch, seed 0": 0}
    write_run(CELLS[0].folder(tmp_path), 60, [10, 20])
    running(CELLS[:1])
    assert shown == {"tf_0, scratch, seed 0": 200}
    running.close()
    assert shown == {}
    assert made == [(CELLS[0].title, 1000), (CELLS[1].title, 1000), (CELLS[0].title, 800)]


def test_the_files_are_not_read_at_each_look(tmp_path, monkeypatch):
    looks = []
    monkeypatch.setattr(bars, "EVERY", 60.0)
    monkeypatch.setattr(bars, "share_of_steps", lambda folder: looks.append(folder) or 0.0)
    running = RunningBars(tmp_path)
    for _ in range(5):
        running(CELLS[:1])
    assert looks == [CELLS[0].folder(tmp_path)]
