"""The split of genomes into train, valid and test: by chromosome, by block, or by contig.

Each function returns the pieces of the genomes, which are intervals with a split. A window never
leaves its piece, so windows of two splits share no base.
"""

import hashlib
import math
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import NamedTuple

from hyenadna_core import HyenaDNAError, Interval
from hyenadna_species.genome import SpeciesGenome, plain, some_names
from hyenadna_species.published import TEST, TRAIN, VALID

SPLITS = ("train", "valid", "test")
HELD_OUT = 0.1  # the share of blocks or contigs for valid, and for test


class Split(NamedTuple):
    """The pieces of each genome, by the name of the species, and sentences on what is left out."""

    pieces: dict[str, list[Interval]]
    sentences: list[str]


def by_names(genomes: Sequence[SpeciesGenome], valid: Iterable[str], test: Iterable[str]) -> Split:
    """Split genomes by the names of their contigs: `valid`, `test`, and all others for training.

    A name matches with and without "chr" before it. A contig such as chr1_KI270762v1_alt, which no
    option names, has the split of chr1.

    Raises:
        HyenaDNAError: a name is in both splits or in no genome, or a species has no contig in a
            split.
    """
    given = {"valid": {plain(name): name for name in valid}, "test": {plain(name): name for name in test}}
    if both := given["valid"].keys() & given["test"].keys():
        raise HyenaDNAError(f"--valid and --test both name {some_names(sorted(both))}: leave it out of one.")
    known = {plain(contig) for genome in genomes for contig in genome.contigs}
    for split, names in given.items():
        if unknown := [as_given for name, as_given in names.items() if name not in known]:
            contigs = "; ".join(f"{genome.name} has {some_names(genome.contigs)}" for genome in genomes)
            raise HyenaDNAError(f"--{split} names {some_names(unknown)}, but no species has such a contig: {contigs}.")

    def split_of(contig: str) -> str:
        for name in (plain(contig), root_of(plain(contig), known)):
            for split, names in given.items():
                if name in names:
                    return split
        return "train"

    pieces = {genome.name: whole_contigs(genome, split_of) for genome in genomes}
    check_each_has(genomes, pieces, [split for split in SPLITS if split == "train" or given[split]])
    named = given["valid"].keys() | given["test"].keys()
    return Split(pieces, about_parts(genomes, known, plain, named))


def by_published(genomes: Sequence[SpeciesGenome]) -> Split:
    """Split genomes by chromosome as the paper of HyenaDNA did; other contigs are left out.

    Raises:
        HyenaDNAError: there is no published split for a species, or it has no contig in a split.
    """
    pieces: dict[str, list[Interval]] = {}
    sentences = []
    for genome in genomes:
        if genome.name not in TRAIN:
            raise HyenaDNAError(
                f"There is no published split for {genome.name}, only for {', '.join(TRAIN)}: give --valid and --test "
                f"names of contigs (it has {some_names(genome.contigs)}), or --split blocks."
            )
        tables = {"train": TRAIN[genome.name], "valid": VALID, "test": TEST}
        split_of = {name: split for split, names in tables.items() for name in names}
        of_contigs = {contig: split_of.get(plain(contig)) for contig in genome.contigs}
        pieces[genome.name] = whole_contigs(genome, of_contigs.get)
        if left_out := [contig for contig in genome.contigs if plain(contig) not in split_of]:
            bases = sum(genome.contigs[contig] for contig in left_out)
            sentences.append(
                f"{genome.name}: {len(left_out):,} contigs with {bases:,} bases are in no part of the published split "
                f"({some_names(left_out)}): they are left out."
            )
        if lacking := [name for name in split_of if name not in map(plain, genome.contigs)]:
            sentences.append(f"{genome.name} lacks chromosomes of the published split: {some_names(lacking)}.")
    for genome in genomes:
        if lacking := [split for split in SPLITS if not any(piece.split == split for piece in pieces[genome.name])]:
            raise HyenaDNAError(
                f"{genome.name} has no contig for {lacking[0]} by the published split, which knows names such as chr1 "
                f"and 1; it has {some_names(genome.contigs)}: give --valid and --test names of contigs, or take "
                "--split blocks."
            )
    return Split(pieces, sentences)


def whole_contigs(genome: SpeciesGenome, split_of: Callable[[str], str | None]) -> list[Interval]:
    """Return each contig as a piece; `split_of` gives the split of its name, or None."""
    return [
        Interval(contig, 0, length, split) for contig, length in genome.contigs.items() if (split := split_of(contig))
    ]


def root_of(name: str, known: Container[str]) -> str:
    """Return the contig to which another one belongs by its name: 1_KI270762v1_alt gives 1.

    Such contigs are alternate haplotypes, and parts without a known place. If no name of `known`
    comes before an underscore, a contig belongs to itself.
    """
    ends = (at for at, letter in enumerate(name) if letter == "_")
    return next((name[:end] for end in ends if name[:end] in known), name)


def about_parts(
    genomes: Iterable[SpeciesGenome],
    known: Container[str],
    key: Callable[[str], str] = str,
    named: Container[str] = (),
) -> list[str]:
    """Return sentences that count the contigs which have the split of another contig.

    `key` turns a contig into a name of `known`; a contig in `named` has its own split.
    """
    sentences = []
    for genome in genomes:
        names = [name for name in genome.contigs if root_of(key(name), known) != key(name) and key(name) not in named]
        if names:
            bases = sum(genome.contigs[name] for name in names)
            sentences.append(
                f"{genome.name}: contigs with the split of the contig whose name is before their underscore: "
                f"{len(names):,} with {bases:,} bases ({some_names(names)})."
            )
    return sentences


def check_each_has(
    genomes: Iterable[SpeciesGenome], pieces: Mapping[str, Sequence[Interval]], splits: Iterable[str]
) -> None:
    """Check that each species has a piece in each of the splits.

    Raises:
        HyenaDNAError: one has none.
    """
    for genome in genomes:
        for split in splits:
            if not any(piece.split == split for piece in pieces[genome.name]):
                way_out = "name one for it" if split != "train" else "leave one out of --valid and --test"
                raise HyenaDNAError(
                    f"{genome.name} has no contig for {split}: it has {some_names(genome.contigs)}: {way_out}, "
                    "or take --split blocks."
                )


def by_block(genomes: Iterable[SpeciesGenome], size: int) -> Split:
    """Cut contigs into blocks of `size` bases, and split the blocks of each species by a hash.

    A contig shorter than a block is one block; the rest at the end of a contig belongs to its last
    block. A tenth of the blocks is for valid, and a tenth for test.
    """
    pieces = {}
    for genome in genomes:
        blocks = [block for contig, length in genome.contigs.items() for block in blocks_of(contig, length, size)]
        split_of = split_by_hash(
            [f"{contig}:{start}" for contig, start, _ in blocks],
            f"{genome.name} has too few blocks",
            "give a smaller --block-size",
        )
        pieces[genome.name] = [
            Interval(contig, start, end, split_of[f"{contig}:{start}"]) for contig, start, end in blocks
        ]
    return Split(pieces, [])


def blocks_of(contig: str, length: int, size: int) -> list[tuple[str, int, int]]:
    """Return the blocks of a contig, (contig, start, end); the last may be up to twice as long."""
    count = max(1, length // size)
    return [(contig, size * number, size * (number + 1) if number < count - 1 else length) for number in range(count)]


def by_contig(genomes: Sequence[SpeciesGenome]) -> Split:
    """Split whole contigs by a hash of their names; one name has one split in all species.

    So homologous contigs, such as the parts of an alignment, stay together if they have one name.
    A contig such as chr1_KI270762v1_alt has the split of chr1.

    Raises:
        HyenaDNAError: a species has no contig in a split.
    """
    known = {contig for genome in genomes for contig in genome.contigs}
    split_of = split_by_hash(
        sorted({root_of(contig, known) for contig in known}), "There are too few contigs", "take --split blocks"
    )
    pieces = {genome.name: whole_contigs(genome, lambda contig: split_of[root_of(contig, known)]) for genome in genomes}
    check_each_has(genomes, pieces, SPLITS)
    return Split(pieces, about_parts(genomes, known))


def split_by_hash(keys: Sequence[str], fault: str, way_out: str) -> dict[str, str]:
    """Return the split of each key; the same keys always have the same splits.

    A tenth, rounded up, is for valid, and as many for test.

    Raises:
        HyenaDNAError: there are fewer than three keys; `fault` and `way_out` are in the message.
    """
    if len(keys) < len(SPLITS):
        raise HyenaDNAError(f"{fault} for train, valid and test ({len(keys)}): {way_out}.")
    ranked = sorted(keys, key=lambda key: hashlib.sha256(key.encode()).digest())
    count = math.ceil(HELD_OUT * len(keys))
    return {
        key: "valid" if rank < count else "test" if rank < 2 * count else "train" for rank, key in enumerate(ranked)
    }
