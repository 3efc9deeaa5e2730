"""The task with a model: what it learns, its loss, and its report."""

import gzip

import numpy as np
import pytest
from hyenadna_chromatin.effects_file import write_effects
from hyenadna_chromatin.label_set import deepsea_labels
from hyenadna_chromatin.loss import weighted_cross_entropy
from hyenadna_chromatin.task import ChromatinTask

from hyenadna_core import CausalLM, HyenaDNAError, encode, open_genome, open_run, reverse_complement, save, train
from hyenadna_core.testing import tiny_backbone


def reference(outputs, targets, weights, of_positives, smoothing):
    """Compute the loss number by number."""
    total = 0.0
    for row in range(len(outputs)):
        for label in range(outputs.shape[1]):
            target = targets[row, label] * (1 - smoothing) + smoothing / 2
            p = 1 / (1 + np.exp(-outputs[row, label]))
            loss = -of_positives[label] * target * np.log(p) - (1 - target) * np.log(1 - p)
            total += weights[row] * loss / outputs.shape[1]
    return total


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_weighted_loss_is_that_of_each_label(smoothing):
    from keras import ops

    random = np.random.default_rng(0)
    outputs, targets = random.normal(size=(3, 4)).astype(np.float32), random.integers(0, 2, (3, 4)).astype(np.float32)
    weights, of_positives = np.array([1, 0, 1], np.float32), np.array([1, 2, 50, 3], np.float32)
    arguments = [ops.convert_to_tensor(array) for array in (outputs, targets, weights)]
    loss = ops.convert_to_numpy(weighted_cross_entropy(*arguments, of_positives, smoothing))
    np.testing.assert_allclose(loss, reference(outputs, targets, weights, of_positives, smoothing), rtol=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_task_keeps_its_promises(check_task, own_files, weighted):
    figures = check_task(ChromatinTask(**own_files, weighted=weighted), seq_len=64, steps=8)
    assert set(figures) == {"valid", "test"}
    assert {"auroc_median_TF", "auprc_median_HM"} < set(figures["test"])


def test_arrays_keep_the_promises(
    check_task, tmp_path, own_files, write_hdf5, write_v5, random_bases, random_labels, one_hot
):
    bases, labels = one_hot(random_bases(8)), random_labels(8, 3)
    files = {"train": write_hdf5(tmp_path / "train.mat", bases, labels), "labels": own_files["labels"]}
    files["valid"] = write_v5(tmp_path / "valid.mat", bases[:4], labels[:4])
    assert set(check_task(ChromatinTask(**files), seq_len=64, steps=8)) == {"valid"}


@pytest.fixture
def weights(tmp_path):
    """Weights of a very small model."""
    save(CausalLM(tiny_backbone(64)), tmp_path / "weights")
    return str(tmp_path / "weights")


def test_a_run_stands_beside_published_figures(tmp_path, genome_files, weights):
    options = {"coords": genome_files["coords"], "fasta": genome_files["fasta"], "window": 1100, "baseline": "none"}
    options |= {"valid_contig": ["chr7"], "test_contig": ["chr8"], "weighted": True}
    run = train("chromatin", options, weights=weights, stages="64x4@2", out=tmp_path / "run")
    assert "DeepSEA" in run.report
    header, first, *_ = (tmp_path / "run" / "labels.tsv").read_text().splitlines()
    assert header.split("\t")[:3] == ["name", "group", "positives"]
    assert first.split("\t")[:2] == [deepsea_labels().names[0], "DHS"]
    again = open_run(tmp_path / "run").task
    assert (again.window, len(again.split("test"))) == (1100, 4)


def test_effects_of_a_run_are_those_of_its_model(tmp_path, own_files, weights):
    out, fasta = tmp_path / "run", own_files["fasta"]
    options = {**own_files, "baseline": "none", "window": 100}  # the model takes 64
    fast = {"learning_rate": 0.1, "head_learning_rate": 1.0}  # so that the head is not nearly 0
    run = train("chromatin", options, weights=weights, stages="64x4@2", out=out, **fast)
    own_files["coords"].unlink()
    text = open_genome(fasta).read("chr1", 0, 5_000).tobytes().decode()
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    alt = "CGTA"["ACGT".index(text[1000])]
    rows = [f"1\t1001\trs1\t{text[1000]}\t{alt}\t.\t.\t.", f"1\t1001\t.\t{alt}\t{text[1000]}\t.\t.\t."]
    (tmp_path / "a.vcf").write_text(head + "\n".join(rows) + "\n")
    aliases = tmp_path / "aliases.tsv.gz"
    aliases.write_bytes(gzip.compress(b"1\tchr1\n"))
    wanted = (tmp_path / "a.vcf", out, fasta, tmp_path / "out.tsv", ("c", "a"))
    with pytest.raises(HyenaDNAError, match=r"1 of 2 REF alleles differ .* of another build of the genome: give the F"):
        write_effects(*wanted, aliases=aliases)
    write_effects(*wanted, aliases=aliases, allow_mismatch=True)
    columns, first, second = (line.split("\t") for line in (tmp_path / "out.tsv").read_text().splitlines())
    assert columns == ["chrom", "pos", "id", "ref", "alt", "skip", "diff c", "logodds c", "diff a", "logodds a"]
    assert first[:6] == ["1", "1001", "rs1", text[1000], alt, ""]
    assert second == ["1", "1001", ".", alt, text[1000], "ref_mismatch", "", "", "", ""]
    left, right = text[1000 - 31 : 1000], text[1001 : 1000 + 33]
    ids = encode([left + text[1000] + right, left + alt + right])
    logits = np.array(
        [run.model.predict_on_batch(each) for each in (ids, reverse_complement(ids))]
    )  # (strand, allele, K)
    odds = (logits[:, 1] - logits[:, 0]).mean(axis=0)
    chances = 1 / (1 + np.exp(-logits))
    changes = (chances[:, 1] - chances[:, 0]).mean(axis=0)
    expected = np.array([changes[2], odds[2], changes[0], odds[0]])
    assert (np.abs(expected) > 1e-3).all()
    np.testing.assert_allclose(list(map(float, first[6:])), expected, rtol=1e-3)
    with pytest.raises(HyenaDNAError, match=r"out.tsv is there already: remove it"):
        write_effects(tmp_path / "a.vcf", out, fasta, tmp_path / "out.tsv", ("c", "a"), aliases=aliases)
    with pytest.raises(HyenaDNAError, match="has no label d; it has a, b, c"):
        write_effects(tmp_path / "a.vcf", out, fasta, tmp_path / "other.tsv", ("d",))
