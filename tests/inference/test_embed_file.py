"""`embed_file` writes what `hyenadna embed` writes, and goes on where it was stopped."""

import pytest

from hyenadna_backends import choose
from hyenadna_core import CausalLM, HyenaBackbone, HyenaDNAError, embed_file, save
from hyenadna_core.cli import Session
from hyenadna_core.inference import embed_job
from hyenadna_plugins import plugin_manager

pytestmark = pytest.mark.one_backend


def test_a_stopped_job_goes_on_to_the_bytes_of_the_command(cli, write_fasta, random_bases, tmp_path, monkeypatch):
    save(CausalLM(HyenaBackbone(1, 8, 66, seed=3)), tmp_path / "tiny")
    genes = write_fasta({f"g{number}": random_bases(40 + 30 * number, number) for number in range(5)}, "genes.fa")
    monkeypatch.setattr(embed_job, "PART", 100)
    session = Session(plugin_manager(names=[]), choose())
    options = {"weights": str(tmp_path / "tiny"), "overlap": 4, "strand": "+"}
    compute, done = embed_job.compute, []

    def fails_once(*arguments):
        done.append(1)
        if len(done) == 2:
            raise HyenaDNAError("The power is off.")
        return compute(*arguments)

    monkeypatch.setattr(embed_job, "compute", fails_once)
    with pytest.raises(HyenaDNAError, match="power"):
        embed_file(session, genes, tmp_path / "v.npz", **options)
    with pytest.raises(HyenaDNAError, match="has parts of an earlier run"):
        embed_file(session, genes, tmp_path / "v.npz", **options)
    done[:] = [1, 1]  # the power stays on
    assert embed_file(session, genes, tmp_path / "v.npz", **options, resume=True) == [tmp_path / "v.npz"]
    assert len(done) == 2 + 4  # the finished part is not computed again
    words = ["embed", genes, "--out", "w.npz", "--weights", tmp_path / "tiny", "--overlap", "4", "--strand", "+"]
    assert cli(*words)[0] == 0
    assert (tmp_path / "v.npz").read_bytes() == (tmp_path / "w.npz").read_bytes()
