import pytest

from hyenadna_backends.xla_fusions import RELEASES
from hyenadna_core.checks.diagnosis import diagnosis_text


@pytest.mark.parametrize(("release", "faulty"), [(RELEASES[0], True), ("0.10.1", False)])
def test_the_diagnosis_names_a_release_of_jax_with_faulty_sums(release, faulty):
    state = {"version": release, "devices": ["cpu:0 cpu"]}
    diagnosis = dict.fromkeys(("hyenadna", "keras", "python", "platform", "heap", "backend", "reason"), "")
    text = diagnosis_text(diagnosis | {"backends": {"jax": state}, "extras": {}})
    line = f"jax         {release}: cpu:0 cpu"
    more = "; on CPUs the faulty fusions of this release are off: install another one"
    assert line + more * faulty in text.splitlines()
