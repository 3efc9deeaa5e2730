"""`python -m hyenadna_core` is `hyenadna`."""

from hyenadna_core.cli import main

main()
