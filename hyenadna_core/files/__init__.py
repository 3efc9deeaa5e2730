"""Files: the cache, checksums, and text that may be compressed."""
