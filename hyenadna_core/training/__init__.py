"""Training: options, warmup, optimizer, checkpoints, the run folder."""
