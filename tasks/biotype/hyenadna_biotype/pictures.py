"""A map of the vectors by t-SNE, coloured by biotype."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core import file_written_aside, notice

MOST = 5_000  # genes of the map
PERPLEXITY = 30.0


def draw_map(path: Path, vectors: np.ndarray, biotypes: Sequence[str], names: Sequence[str], seed: int) -> None:
    """Draw the vectors (n, D) on two axes, and write the picture; of many genes, some at random.

    `names` has the biotypes in the order of the legend.
    """
    from matplotlib.figure import Figure

    kept = np.sort(np.random.default_rng(seed).permutation(len(vectors))[:MOST])
    if len(kept) < len(vectors):
        notice(f"The map shows {len(kept):,} of {len(vectors):,} genes, drawn at random.")
    places = two_axes(vectors[kept], seed)
    of_genes = np.array(biotypes)[kept]
    picture = Figure(figsize=(9.5, 6.5), dpi=120, layout="constrained")
    axes: Any = picture.subplots()
    colors = [*"0123456789"]
    for number, name in enumerate(names):
        own = places[of_genes == name]
        color = f"C{colors[number % len(colors)]}"
        marker = "o^sDvP*X"[number // len(colors) % 8]
        label = f"{name} ({len(own):,})"
        axes.plot(own[:, 0], own[:, 1], marker, color=color, markersize=4, alpha=0.6, markeredgewidth=0, label=label)
    axes.set_title(f"t-SNE of the vectors of {len(kept):,} genes")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, markerscale=2)
    with file_written_aside(path) as file:
        picture.savefig(file, format="png")


def two_axes(vectors: np.ndarray, seed: int) -> np.ndarray:
    """Return the places of standardised vectors by t-SNE: (n, D) -> (n, 2)."""
    from sklearn.manifold import TSNE
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    scaled = StandardScaler().fit_transform(np.asarray(vectors, np.float64))
    perplexity = min(PERPLEXITY, (len(scaled) - 1) / 3)
    with threadpool_limits(1):  # threads on busy cores wait for each other
        places: np.ndarray = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(scaled)
    return places
