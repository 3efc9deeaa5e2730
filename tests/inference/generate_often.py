"""A command for tests: `hyenadna`, with a state after each bit of work, as if it took 30 seconds.

`python generate_often.py SECONDS generate PROMPT --bases N --out OUT`
"""

import os
import sys

from hyenadna_backends import Choice
from hyenadna_core.cli import Session, make_cli
from hyenadna_core.inference import part_state
from hyenadna_plugins import plugin_manager

if __name__ == "__main__":
    part_state.SECONDS, part_state.SHARE = float(sys.argv.pop(1)), 1.0
    session = Session(plugin_manager(names=[]), Choice(os.environ["KERAS_BACKEND"], "test"))
    make_cli(session)(sys.argv[1:], prog_name="hyenadna")
