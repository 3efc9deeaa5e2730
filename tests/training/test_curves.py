from hyenadna_core import Stage
from hyenadna_core.training.curves import draw_curves
from hyenadna_core.training.run_folder import LogLine

STAGES = [Stage(64, 4, 10), Stage(128, 2, 10)]


def test_a_picture_is_drawn_with_and_without_lines_to_beat(tmp_path):
    lines = [LogLine(step, 64, 4, step * 256, 1.4 - step / 100, 1e-3, 1.0) for step in range(1, 20)]
    for number, (some, levels) in enumerate([([], []), (lines[:1], []), (lines, [("a", 1.93), ("b", 1.99)])]):
        path = tmp_path / f"{number}.png"
        draw_curves(path, some, STAGES, levels)
        assert path.read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.png", "1.png", "2.png"]
