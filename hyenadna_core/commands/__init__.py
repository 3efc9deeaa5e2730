"""One module for each command: it parses the options, calls a function and prints the result.

To add a command, write its file here and name it in `hyenadna_core/builtin.py`.
"""
