import pytest
from hyenadna_biotype.folder import check_vectors, claim_folder, locked_folder, read_settings, renew_vectors

from hyenadna_core import HyenaDNAError


def test_vectors_have_one_set_of_settings(tmp_path):
    claim_folder(tmp_path, [])
    renew_vectors(tmp_path, {"longest": 16, "weights": None}, [])
    check_vectors(tmp_path, {"longest": 16, "weights": None})
    check_vectors(tmp_path, {"longest": 16})
    message = "has vectors of other settings: longest is 16 there, and 32 now: name another --out."
    with pytest.raises(HyenaDNAError, match=message):
        check_vectors(tmp_path, {"longest": 32, "weights": None})


def test_results_of_other_vectors_are_removed_when_the_settings_are_renewed(tmp_path):
    claim_folder(tmp_path, ["map"])
    renew_vectors(tmp_path, {"longest": 16}, ["map"])
    (tmp_path / "map").write_text("")
    renew_vectors(tmp_path, {"longest": 16}, ["map"])
    assert (tmp_path / "map").exists()
    renew_vectors(tmp_path, {"longest": 32}, ["map", "none"])
    assert not (tmp_path / "map").exists()
    assert read_settings(tmp_path) == {"vectors": {"longest": 32}}


@pytest.mark.parametrize(
    "text", ["", "3", "[1]", "{}", '{"theme": "dark"}', '{"format": "hyenadna-biotype-1", "map": 3}']
)
def test_settings_that_are_damaged_or_of_something_else_are_kept_and_are_one_line(text, tmp_path):
    (tmp_path / "settings.json").write_text(text)
    with pytest.raises(HyenaDNAError, match=r"settings.json is damaged, or was not written by hyenadna biotype: name"):
        claim_folder(tmp_path, [])
    assert (tmp_path / "settings.json").read_text() == text


def test_a_file_that_is_not_of_a_run_is_kept_and_is_one_line(tmp_path):
    (tmp_path / "genes.tsv").write_text("mine")
    with pytest.raises(HyenaDNAError, match=r"genes.tsv was not written by hyenadna biotype: name another --out\."):
        claim_folder(tmp_path, ["genes.fa", "genes.tsv"])
    assert [path.name for path in tmp_path.iterdir()] == ["genes.tsv"]


def test_one_command_at_a_time_writes_into_a_folder(tmp_path):
    with (
        locked_folder(tmp_path / "out"),
        pytest.raises(HyenaDNAError, match="is in use by another command"),
        locked_folder(tmp_path / "out"),
    ):
        pass
    with locked_folder(tmp_path / "out"):
        pass


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(HyenaDNAError, match="Cannot make the folder"), locked_folder(tmp_path / "file" / "out"):
        pass
