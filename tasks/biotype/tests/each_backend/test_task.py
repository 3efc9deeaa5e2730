from hyenadna_biotype.task import BiotypeTask


def test_the_task_keeps_its_promises(check_task, pieces):
    task = BiotypeTask(pieces["gtf"], [pieces["fasta"]], min_genes=5, longest=300, block_size=3_000)
    figures = check_task(task)
    assert set(figures) == {"valid", "test"}
    assert {"mcc", "f1", "auroc"} <= set(figures["test"])
