"""The file with the scores of variants: its suffix names the format."""

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.cache import file_written_aside
from hyenadna_core.files.output import check_outputs, check_stdout
from hyenadna_core.genome.scored_records import ScoredFile, scored_records
from hyenadna_core.genome.scored_tables import load_pyarrow, write_parquet, write_tsv
from hyenadna_core.genome.scored_vcf import write_bgzip, write_binary, write_plain, write_text
from hyenadna_core.genome.vcf_text import Source, load_pysam, vcf_text

STDOUT = Path("-")
WRITERS: dict[str, Callable[[Path, ScoredFile], Path | None]] = {  # they return the path of an index
    ".vcf": write_plain,
    ".vcf.gz": write_bgzip,
    ".bcf": write_binary,
    ".tsv": write_tsv,
    ".parquet": write_parquet,
}
INDEXED = (".vcf.gz", ".bcf")
INDEXES = (".tbi", ".csi")


def check_output(out: Path, *inputs: Path) -> None:
    """Check before any work that scores can be written to `out`; "-" is stdout.

    Raises:
        HyenaDNAError: no format has the suffix, a library is missing, or `out` cannot be written or
            is one of the inputs.
    """
    if out == STDOUT:
        check_stdout(inputs)
        return
    suffix = suffix_of(out)
    check_outputs(files_of(out), inputs)
    if suffix in INDEXED:
        load_pysam(f"{out} is {suffix}, which")
    elif suffix == ".parquet":
        load_pyarrow(out)


def files_of(out: Path) -> list[Path]:
    """Return the files that the scores may be written to: the output, and its index."""
    return [out, *(out.with_name(out.name + ending) for ending in INDEXES if suffix_of(out) in INDEXED)]


def suffix_of(out: Path) -> str:
    """Return the suffix of the output, which names its format.

    Raises:
        HyenaDNAError: no format has this suffix.
    """
    for suffix in WRITERS:
        if out.name.lower().endswith(suffix):
            return suffix
    raise HyenaDNAError(f"{out}: no format has this suffix: end the name with {', '.join(WRITERS)}.")


def write_scores(
    source: Source, out: Path, values: Iterable[float], reasons: Iterable[int], settings: Mapping[str, object]
) -> None:
    """Write the records of a VCF with their scores, in their order; the suffix names the format.

    A VCF gets HDNA_LLR, HDNA_SKIP, and a line ##hyenadna in its header. All else stays as it is,
    except scores from before, which are replaced. The same input gives the same bytes. The output
    and its index appear complete or not at all; "-" is stdout, which gets a VCF.

    Args:
        values: one number for each ALT allele, in the order of the file; it does not count for an
            allele with a reason.
        reasons: a `Reason` for each ALT allele. A record without one has the allele ".".
        settings: what made the scores, such as version, weights, window and strand.

    Raises:
        HyenaDNAError: the source cannot be read or has not one allele for each value, or the suffix
            is unknown.
    """
    header, lines = vcf_text(source)
    scored = ScoredFile(source, header, scored_records(source, lines, values, reasons), settings)
    if out == STDOUT:
        write_text(sys.stdout.buffer, scored)
        sys.stdout.buffer.flush()
        return
    suffix = suffix_of(out)
    with file_written_aside(out) as aside:
        index = WRITERS[suffix](aside, scored)
        for ending in INDEXES if suffix in INDEXED else ():
            place = out.with_name(out.name + ending)
            if index and index.suffix == ending:
                index.replace(place)
            else:
                place.unlink(missing_ok=True)  # of an earlier output
