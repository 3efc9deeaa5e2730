from hyenadna_template import TemplateTask


def test_the_task_keeps_its_promises(check_task):
    figures = check_task(TemplateTask())
    assert set(figures) == {"valid", "test"}


def test_half_of_the_windows_are_shuffled():
    sequences = TemplateTask().sequences("train")
    assert len(sequences) == 2000
    assert 0.45 < sequences.targets.mean() < 0.55
