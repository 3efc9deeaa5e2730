from hyenadna_template import TemplateTask


def test_the_task_keeps_its_promises(check_task):
    figures = check_task(TemplateTask())
    assert set(figures) == {"valid", "test"}


def test_half_of_the_windows_are_shuffled():
    found = TemplateTask().sequences("train")
    assert len(found) == 2000
    assert 0.45 < found.targets.mean() < 0.55
