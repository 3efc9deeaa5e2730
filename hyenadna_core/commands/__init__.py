"""One module a command: each parses, calls a function and prints."""
