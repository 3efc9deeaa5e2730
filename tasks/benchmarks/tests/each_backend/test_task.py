from hyenadna_benchmarks.tasks import task_of


def test_a_task_of_a_set_keeps_its_promises(check_task, data):
    figures = check_task(task_of("gue", "tf_0", data))
    assert {split: sorted(values) for split, values in figures.items()} == {
        "valid": ["accuracy", "auprc", "auroc", "f1", "mcc"],
        "test": ["accuracy", "auprc", "auroc", "f1", "mcc"],
    }
