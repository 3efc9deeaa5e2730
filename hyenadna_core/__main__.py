"""Run `hyenadna` as `python -m hyenadna_core`."""

from hyenadna_core.cli import main

main()
