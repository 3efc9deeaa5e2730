"""Files of vectors: .h5ad, .parquet, .npz and .npy, written in pieces and read by name."""
