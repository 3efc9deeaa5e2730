"""The commands of `hyenadna icl`."""
