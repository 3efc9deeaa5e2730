import errno
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.inference.parts import opened_parts

WAY_ON = "continue with: hyenadna squares --resume 'my numbers.txt' --out out.tsv"


@pytest.fixture(autouse=True)
def _command_line(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["hyenadna", "squares", "my numbers.txt", "--out", "out.tsv"])


def test_a_full_disk_keeps_the_parts_before(squares, numbers, job, out, monkeypatch):
    from hyenadna_core.inference import parts

    write = parts.file_written_aside

    def full(path):
        if path.name == "part-000003.safetensors":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return write(path)

    monkeypatch.setattr(parts, "file_written_aside", full)
    message = "No space left on device; 3 of 5 parts are done: make room, then " + WAY_ON
    with pytest.raises(HyenaDNAError) as error:
        squares.run(numbers, out, job)
    assert str(error.value) == f"Cannot write {out}.parts/part-000003.safetensors: {message}"


def test_ctrl_c_is_one_line_with_the_way_on(squares, numbers, job, out, stop_at, capsys):
    with pytest.raises(SystemExit) as stopped:
        squares.run(numbers, out, job, compute=stop_at(numbers, job, 2, KeyboardInterrupt()))
    assert stopped.value.code == 130
    assert capsys.readouterr().err == f"Stopped: 2 of 5 parts are done; {WAY_ON}\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_command_at_once(squares, numbers, out, tmp_path, number, after):
    command = [*squares.words, "squares", numbers, "--out", out, "--seconds", "60"]
    heeded = f"import signal; signal.signal({number:d}, signal.SIG_DFL)"  # it may be ignored in the background
    process = subprocess.Popen(after(heeded, command), stderr=subprocess.PIPE, text=True)
    folder = out.with_name("out.tsv.parts")
    while not (folder / "job.json").exists() and process.poll() is None:
        time.sleep(0.01)
    time.sleep(0.1)
    process.send_signal(number)
    assert process.communicate()[1] == "Stopped: 0 of 5 parts are done; nothing is kept.\n"
    assert process.returncode == 128 + number
    assert list(tmp_path.iterdir()) == [numbers]


def test_a_signal_that_a_library_swallows_stops_the_run_after_the_part(squares, numbers, job, out, capsys):
    compute = squares.compute_from(numbers, job)

    def swallows(part, advance):
        with suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        return compute(part, advance)

    with pytest.raises(SystemExit) as stopped:
        squares.run(numbers, out, job, compute=swallows)
    assert stopped.value.code == 128 + signal.SIGTERM
    assert capsys.readouterr().err == f"Stopped: 1 of 5 parts are done; {WAY_ON}\n"


def test_an_ignored_ctrl_c_stays_ignored(squares, numbers, job, out):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with opened_parts(out, job, resume=False):
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    finally:
        signal.signal(signal.SIGINT, before)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
