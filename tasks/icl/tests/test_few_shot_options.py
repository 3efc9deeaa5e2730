"""Examples come from the training rows only; what does not fit is one line."""

import numpy as np
import pytest
from hyenadna_icl.few_shot import FewShotTask, UntunedFewShotTask

from hyenadna_core import CausalLM, Draw, HyenaDNAError, decode, save, train
from hyenadna_core.testing import tiny_backbone
from hyenadna_core.tokens import PAD, SEP, A, C


def texts_of(ids):
    """Return the sequences and the labels of a row: [(sequence, label), ...], and what follows."""
    parts = decode(ids[ids != PAD]).split("[SEP]")
    return list(zip(parts[:-1:2], parts[1:-1:2], strict=True)), parts[-1]


def sequences_of(task, split):
    rows = task.source.split(split)
    return {rows.row(number)[0].tobytes().decode(): rows.row(number)[1] for number in range(len(rows))}


def test_the_context_has_k_examples_of_each_class_from_train(tables):
    task = FewShotTask(**tables, shots=3)
    train_rows = sequences_of(task, "train")
    shots, rest = texts_of(task.context_ids)
    assert rest == ""
    assert len({sequence for sequence, _ in shots}) == 6
    assert [label for _, label in shots].count("A") == 3
    for sequence, label in shots:
        assert train_rows[sequence] == "AC".index(label)
    assert np.array_equal(task.context_ids, FewShotTask(**tables, shots=3).context_ids)
    assert not np.array_equal(task.context_ids, FewShotTask(**tables, shots=3, context_seed=1).context_ids)
    assert len(FewShotTask(**tables, shots=0).context_ids) == 0


def test_a_batch_has_tuning_rows_each_after_its_own_examples(tables):
    task = FewShotTask(**tables, shots=2, tune=5, reverse_complements=False)
    tuned = {task.split("train").row(number)[0].tobytes().decode() for number in range(5)}
    length = task.front - 1 + 20
    seen, contexts = [], set()
    for step in range(3):
        batch = task.batch(Draw("train", step, length, 2, 0))
        for ids, target in zip(batch.ids, batch.targets, strict=True):
            shots, query = texts_of(ids)
            assert sequences_of(task, "train")[query] == target
            assert query not in {sequence for sequence, _ in shots}
            assert sorted(label for _, label in shots) == ["A", "A", "C", "C"]
            seen.append(query)
            contexts.add(tuple(shots))
    assert set(seen[:5]) == tuned
    assert len(contexts) == 6
    ids = task.batch(Draw("train", 0, length, 2, 0)).ids
    assert {int(ids[0, np.flatnonzero(ids[0] == SEP)[0] + 1])} <= {A, C}


def test_the_stage_has_room_for_the_examples_and_one_pass(tables):
    task = FewShotTask(**tables, shots=2, tune=5)
    given = type("Given", (), {"batch_size": 2, "batch_bases": None, "stages": None, "warmup": None, "steps": None})()
    given.data_parallel = False
    assert task.defaults(200, given)["stages"] == f"{2 * 2 * 23 + 20}x2@3"


def test_options_that_do_not_fit_are_one_line(tables, tmp_path):
    save(CausalLM(tiny_backbone(100)), tmp_path / "weights")
    for options, message in (
        (
            {"shots": 2},
            "2 examples of each of 2 classes and a sequence, of up to 20 bases each, take 113 positions, and",
        ),
        ({"shots": 2, "tune": 4}, "take 113 positions, and the model takes 100. Use fewer --shots"),
        ({"shots": 13}, "has 12 different training sequences of the class class 0, and --shots 13 needs 13: use fewer"),
        (
            {"shots": 12, "tune": 1},
            "has 12 different training sequences of the class class 0, and --shots 12 needs 13: use fewer",
        ),
        ({"shots": 0, "tune": 25}, "has 24 training sequences, and --tune asks for 25: use fewer"),
    ):
        with pytest.raises(HyenaDNAError, match=message) as caught:
            train(FewShotTask, tables | options, weights=tmp_path / "weights", out=tmp_path / "run")
        assert "\n" not in str(caught.value)
    task = FewShotTask(**tables, shots=2, tune=4)
    with pytest.raises(HyenaDNAError, match="of 30 positions of a stage: use longer --stages"):
        task.batch(Draw("train", 0, 30, 2, 0))
    assert not (tmp_path / "run").exists()
    assert FewShotTask.class_of({"tune": 0}) is UntunedFewShotTask
    with pytest.raises(HyenaDNAError, match="with tune=0 has no steps: give `train` the class"):
        FewShotTask(**tables).defaults(200, None)


def test_a_fold_has_examples_of_its_own_training_rows(tables):
    task = FewShotTask(of=tables["of"], test=tables["test"], shots=3)
    whole = task.context_ids
    for number in (1, 2, 3):
        fold = task.fold(number, 3)
        rows = fold.split("train")
        train_rows = {rows.row(index)[0].tobytes().decode() for index in range(len(rows))}
        assert {sequence for sequence, _ in texts_of(fold.context_ids)[0]} <= train_rows
    np.testing.assert_array_equal(task.context_ids, whole)


def test_examples_are_different_sequences_whatever_their_case(tmp_path):
    path = tmp_path / "rows.csv"
    rows = ["ACGTACGT,a", "acgtacgt,a", "ACGTACgt,a", "TTTT,a", "GGGG,a", "CCCC,b", "cccc,b", "AAAA,b", "GATT,b"]
    path.write_text("sequence,label\n" + "\n".join(rows * 3) + "\n")
    for seed in range(5):
        task = FewShotTask(str(path), valid=str(path), shots=3, context_seed=seed)
        shots = texts_of(task.context_ids)[0]
        assert sorted(shots) == [
            *(("AAAA", "C"), ("ACGTACGT", "A"), ("CCCC", "C"), ("GATT", "C"), ("GGGG", "A"), ("TTTT", "A"))
        ]
    pool = FewShotTask(str(path), valid=str(path), shots=2, tune=9).pool
    for seed in range(20):
        shots = pool.shots_of(np.random.default_rng(seed), but=np.frombuffer(b"acgTACGT", np.uint8))
        texts = [bases.tobytes().decode().upper() for bases, _ in shots]
        assert len(set(texts)) == 4
        assert "ACGTACGT" not in texts
    for options, count, needed in (({"shots": 4}, 3, 4), ({"shots": 3, "tune": 1}, 3, 4)):
        with pytest.raises(
            HyenaDNAError, match=f"has {count} different training sequences of the class a, and .* {needed}"
        ):
            _ = FewShotTask(str(path), valid=str(path), **options).pool
    same = tmp_path / "same.csv"
    same.write_text("sequence,label\n" + "ACGT,a\n" * 12 + "CCCC,b\nGGGG,b\n")
    with pytest.raises(HyenaDNAError, match="has 1 different training sequences of the class a, and --shots 2 needs 2"):
        _ = FewShotTask(str(same), valid=str(same), shots=2).context_ids


def test_the_protocol_of_the_paper_has_no_reverse_complements_of_examples(tables):
    assert FewShotTask(**tables, protocol="paper").reverse_complements is False
    assert FewShotTask(**tables, protocol="paper", reverse_complements=True).reverse_complements is True
