from hyenadna_benchmarks.tasks import task_of


def test_a_task_of_a_set_keeps_its_promises(check_task, data):
    figures = check_task(task_of("gue", "tf_0", data))
    assert list(figures) == ["valid", "test"]
    for values in figures.values():  # other plug-ins may add metrics
        assert {"accuracy", "auprc", "auroc", "f1", "mcc"} <= set(values)
