"""Use a trained model on a genome: scores, tracks, substitutions, and their pictures."""
