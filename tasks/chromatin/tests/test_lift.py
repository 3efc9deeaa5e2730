"""Windows in another assembly: each base through a chain, one by one, against both ends."""

import sys

import numpy as np
import pytest
from hyenadna_chromatin import kept_lift, lift
from hyenadna_chromatin.coordinates import read_coordinates
from hyenadna_chromatin.kept_lift import lifted_once
from hyenadna_chromatin.label_set import LabelSet
from hyenadna_chromatin.lift import lifted
from hyenadna_chromatin.windows import Windows

from hyenadna_core import HyenaDNAError, open_genome

pytest.importorskip("liftover")
# chr1 0-3000 moves by 100; 3000-3500 is deleted; 3500-6000 is reversed on chr2; 6000-6400 and
# 6400-9000 are apart by 50 more bases in the other assembly.
CHAIN = """chain 900 chr1 9000 + 0 3000 chr1 9500 + 100 3100 1
3000

chain 800 chr1 9000 + 3500 6000 chr2 4000 - 500 3000 2
2500

chain 700 chr1 9000 + 6000 9000 chr3 5000 + 0 3050 3
400 0 50
2600

"""


@pytest.fixture
def chain(tmp_path):
    path = tmp_path / "a_to_b.chain"
    path.write_text(CHAIN)
    return path


def test_windows_move_with_both_their_ends(chain, monkeypatch):
    starts = np.array([0, 2000, 2001, 3500, 5000, 5001, 5800, 6000, 7000])
    monkeypatch.setattr(lift, "AT_ONCE", 4)
    moved = lifted(chain, ["chr1"], np.zeros(9, np.int32), starts, {"chr1", "chr2", "3"})
    assert moved.rows.tolist() == [0, 1, 3, 4, 8]
    assert [moved.names[code] for code in moved.codes] == ["chr1", "chr1", "chr2", "chr2", "3"]
    # the reverse strand of chr2: base 3500 is 4000 - 1 - 500 = 3499, and base 4499 is 2500
    assert moved.starts.tolist() == [100, 2100, 2500, 1000, 1050]
    assert moved.lost == {"with an end in no chain": 1, "with ends on two contigs": 2, "of another length": 1}
    assert moved.sentence == (
        "4 of 9 windows are not in the other assembly: 2 with ends on two contigs, 1 with an end in no chain, 1 of "
        "another length."
    )


def test_contigs_that_the_fasta_lacks_are_counted(chain):
    moved = lifted(chain, ["chr1"], np.zeros(1, np.int32), np.array([0]), {"chr2"})
    assert moved.lost == {"on contigs that the FASTA lacks": 1}


def test_ends_on_two_strands_or_in_several_places_are_lost(tmp_path):
    path = tmp_path / "x.chain"
    path.write_text(
        "chain 9 chr1 9000 + 0 500 chr1 9000 + 0 500 1\n500\n\n"
        "chain 8 chr1 9000 + 500 1000 chr1 9000 - 7501 8001 2\n500\n\n"
        "chain 7 chr1 9000 + 2000 3000 chr1 9000 + 2000 3000 3\n1000\n\n"
        "chain 6 chr1 9000 + 2500 3000 chr1 9000 + 5000 5500 4\n500\n\n"
    )
    moved = lifted(path, ["chr1"], np.zeros(2, np.int32), np.array([0, 2000]), {"chr1"})
    assert moved.lost == {"with ends on two strands": 1, "with an end in several places": 1}
    assert moved.rows.tolist() == []


def test_rows_read_the_other_assembly(chain, tmp_path, tiny_fasta, write_coordinates):
    genome = open_genome(tiny_fasta(contigs={"1": 9_500, "2": 4_000, "3": 5_000}))
    table = write_coordinates(tmp_path / "a.csv", [(0, 2500, 3500, (1,)), (0, 3500, 4500, (1,))], ["y_a"])
    kept = read_coordinates(table, LabelSet(("a",), ()))
    rows = Windows(genome, kept, 1000, table, chain)
    assert len(rows) == 1
    assert rows.row(0)[0].tobytes() == genome.read("2", 2500, 3500).tobytes()
    assert rows.lifted.lost.total() == 1
    with pytest.raises(
        HyenaDNAError, match=r"is not on the contig, .*: the FASTA is not the assembly to which .*a_to_b"
    ):
        Windows(open_genome(tiny_fasta(contigs={"2": 3_000})), kept, 1000, table, chain)


def same(one, other):
    return all(np.array_equal(own, its) for own, its in zip(one[:4], other[:4], strict=True)) and one[4] == other[4]


@pytest.fixture
def kept(tmp_path, write_coordinates):
    """Four windows in the cache, two of which are lost by the chain."""
    rows = [(0, start, start + 1000, (1,)) for start in (0, 2500, 3500, 7000)]
    return read_coordinates(write_coordinates(tmp_path / "a.csv", rows, ["y_a"]), LabelSet(("a",), ()))


def test_windows_are_moved_once(chain, kept, monkeypatch):
    moved = lifted_once(chain, kept, {"chr1": 9_500, "2": 4_000})
    assert (moved.names, moved.rows.tolist(), moved.starts.tolist()) == (["chr1", "2"], [0, 2], [100, 2500])
    assert moved.lost == {"with an end in no chain": 1, "on contigs that the FASTA lacks": 1}
    with monkeypatch.context() as patched:
        patched.setattr(kept_lift, "lifted", None)
        again = lifted_once(chain, kept, {"chr1": 9_500, "2": 4_000})
    assert same(again, moved)
    assert again.sentence == moved.sentence
    assert [array.dtype for array in (again.rows, again.codes, again.starts)] == [np.int64, np.int32, np.int64]


def test_another_chain_or_fasta_moves_anew(chain, kept):
    lifted_once(chain, kept, ["chr1", "2"])
    assert lifted_once(chain, kept, ["chr1"]).rows.tolist() == [0]
    chain.write_text(CHAIN.replace("9500 + 100 3100", "9500 + 200 3200"))
    assert lifted_once(chain, kept, ["chr1", "2"]).starts.tolist() == [200, 2500]


@pytest.mark.parametrize("change", [lambda content: b"", lambda content: content[:-40], lambda content: b"no archive"])
def test_damaged_moves_are_moved_anew(chain, kept, change):
    moved = lifted_once(chain, kept, ["chr1", "2"])
    (path,) = kept.folder.glob("lift-*.npz")
    path.write_bytes(change(path.read_bytes()))
    assert same(lifted_once(chain, kept, ["chr1", "2"]), moved)


def test_a_missing_chain_is_one_line(tmp_path, kept):
    with pytest.raises(HyenaDNAError, match=r"Cannot read .*nothing.chain: No such file"):
        lifted_once(tmp_path / "nothing.chain", kept, ["chr1"])


def test_each_contig_of_a_chain_is_looked_up_once(chain):
    class Fasta(dict):
        asked = 0

        def __contains__(self, name):
            self.asked += 1
            return super().__contains__(name)

        def __iter__(self):
            raise AssertionError("all names of the FASTA are listed")

    fasta = Fasta.fromkeys(["chr1", "2"])
    moved = lifted(chain, ["chr1"], np.zeros(200, np.int32), np.arange(200) + 1_900, fasta)
    assert len(moved.rows) == 101
    assert fasta.asked == 1


def test_a_chain_that_moves_no_window_is_one_line(chain, tmp_path, tiny_fasta, write_coordinates):
    table = write_coordinates(tmp_path / "a.csv", [(5, 0, 1000, (1,))], ["y_a"])
    with pytest.raises(HyenaDNAError, match=r"a.csv: 1 of 1 windows are not in the other assembly: .*chain file of"):
        Windows(open_genome(tiny_fasta()), read_coordinates(table, LabelSet(("a",), ())), 1000, table, chain)


@pytest.mark.parametrize(("text", "message"), [("no chain\n", "cannot be read as a chain"), ("", "has no chains")])
def test_a_faulty_chain_is_one_line(tmp_path, text, message):
    (tmp_path / "x.chain").write_text(text)
    with pytest.raises(HyenaDNAError, match=message):
        lifted(tmp_path / "x.chain", ["chr1"], np.zeros(1, np.int32), np.zeros(1, np.int64), set())


def test_a_missing_library_is_one_line(chain, monkeypatch):
    monkeypatch.setitem(sys.modules, "liftover", None)
    with pytest.raises(HyenaDNAError, match=r"run pip install 'hyenadna-chromatin\[lift\]'"):
        lifted(chain, ["chr1"], np.zeros(1, np.int32), np.zeros(1, np.int64), set())
