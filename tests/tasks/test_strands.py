"""Whether a task reads one strand or both, which the data decide."""

import numpy as np
import pytest

from hyenadna_core import LabelledSequences, SequenceTask, Target
from hyenadna_core.fields import FieldError
from hyenadna_core.tasks import strands
from hyenadna_core.tasks.classify import ClassifyTask
from hyenadna_core.tasks.strands import StrandLosses, sentence_of, strand_losses

MOTIF, TURNED = "TATAAAGC", "GCTTTATA"
CLASSES = Target("classes", ("no", "yes"))


def rows(seed, turned, count=1000, kind="classes"):
    """Return random sequences, one class with a motif, which may be on the other strand."""
    random = np.random.default_rng(seed)
    classes = random.integers(2, size=count)
    texts = ["".join(random.choice(list("ACGT"), 40)) for _ in classes]
    motifs = [TURNED if turned and random.random() < 0.5 else MOTIF for _ in classes]
    texts = [
        text[:12] + motif + text[20:] if one else text for text, motif, one in zip(texts, motifs, classes, strict=True)
    ]
    targets = classes.astype(np.int32) if kind == "classes" else (classes + 0.1 * random.normal(size=count))[:, None]
    return LabelledSequences.of(texts, targets if kind == "classes" else targets.astype(np.float32))


class Motifs(SequenceTask):
    """Tell sequences with a motif from others."""

    name = "motifs"
    target = CLASSES
    turned = True

    def sequences(self, split):
        return None if split == "test" else rows(["train", "valid"].index(split), self.turned)


class Oriented(Motifs):
    turned = False


@pytest.mark.parametrize("kind", ["classes", "regression"])
@pytest.mark.parametrize("turned", [True, False])
def test_a_motif_on_one_strand_tells_strands_apart(kind, turned):
    target = CLASSES if kind == "classes" else Target("regression", ("x",))
    losses = strand_losses(*(rows(seed, turned, kind=kind) for seed in (0, 1)), target)
    assert losses.tells_strands_apart is not turned


def test_few_rows_and_other_kinds_do_not_tell(monkeypatch):
    train, valid = rows(0, False), rows(1, False)
    assert strand_losses(train, valid.take(range(19)), CLASSES) is None
    labels = LabelledSequences(train.bases, train.ends, np.ones((1000, 2), np.float32), train.names)
    assert strand_losses(labels, labels, Target("labels", ("a", "b"))) is None
    short = LabelledSequences.of(["A", "C"] * 20, np.arange(40, dtype=np.int32) % 2)
    assert strand_losses(short, short, CLASSES) is None
    monkeypatch.setattr(strands, "MOST_ROWS", 250)
    assert strand_losses(train, valid, CLASSES).tells_strands_apart  # of 250 rows


def test_a_tie_is_for_both_strands():
    assert not StrandLosses(0.500, 0.504, 0.001).tells_strands_apart
    assert not StrandLosses(0.500, 0.506, 0.007).tells_strands_apart
    assert StrandLosses(0.500, 0.506, 0.001).tells_strands_apart


@pytest.mark.parametrize(("task_class", "both"), [(Motifs, True), (Oriented, False)])
def test_a_task_reads_what_the_data_tell_unless_the_user_does(task_class, both):
    task = task_class()
    assert (task.on_both_strands, task.predicting.both_strands, task.state()["both_strands"]) == (both, both, both)
    assert task_class(reverse_complements=not both).on_both_strands is not both
    said = sentence_of(task.strand_losses, both)
    assert said in task.prepare(40)
    assert said.startswith(f"Sequences are read on {'both strands' if both else 'one strand'}, by k-mer regression")
    assert not any("are read on" in text for text in task_class(reverse_complements=both).prepare(40))


def test_a_task_that_knows_its_strands_does_not_ask_the_data(monkeypatch):
    monkeypatch.setattr("hyenadna_core.tasks.stranded_task.strand_losses", lambda *split: pytest.fail("asked"))
    for known in (True, False):
        for task_class in (Motifs, Oriented):
            monkeypatch.setattr(task_class, "stranded", known, raising=False)
            task = task_class()
            assert task.on_both_strands is not known
            assert not any("are read on" in text for text in task.prepare(40))


@pytest.mark.parametrize(("error", "near"), [(0.007, "a standard error"), (0.001, "1 %")])
def test_the_sentence_says_why_one_strand_with_a_lower_loss_is_not_chosen(error, near):
    assert sentence_of(StrandLosses(0.500, 0.504, error), both=True) == (
        "Sequences are read on both strands, by k-mer regression on the validation "
        f"(loss 0.5000 with one, 0.5040 with both: the difference is within {near}); --forward-only reads one."
    )
    assert "within" not in sentence_of(StrandLosses(0.500, 0.490, error), both=True)


def test_a_trained_model_reads_the_strands_of_its_training():
    assert not Motifs.from_options({}, {"both_strands": False}).on_both_strands
    assert Oriented.from_options({}, {"both_strands": True}).on_both_strands
    assert Oriented.from_options({}, {"target": CLASSES.to_json()}).on_both_strands  # of another version
    with pytest.raises(FieldError, match=r"task\.both_strands is 'yes', not true or false"):
        Motifs.from_options({}, {"both_strands": "yes"})


def test_each_fold_asks_its_own_rows():
    task = Oriented()
    assert not task.on_both_strands
    fold = task.fold(1, 2)
    assert not fold.on_both_strands
    assert fold.strand_losses != task.strand_losses


def test_real_promoters_have_a_direction_and_binding_sites_have_none(shared_data):
    benchmarks = shared_data / "data" / "benchmarks"
    for name, both in (("prom_prom_core_tata", False), ("tf_2", True)):
        files = {
            split: benchmarks / f"GUE_{name}_{file}.csv.gz" for split, file in (("train", "train"), ("valid", "dev"))
        }
        assert ClassifyTask(**files).on_both_strands is both, name
