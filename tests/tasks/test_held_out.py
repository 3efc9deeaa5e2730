from hyenadna_core import Interval
from hyenadna_core.evaluation.likelihood import Likelihood
from hyenadna_core.tasks.held_out import best_markov, held_out_json, held_out_table

STRANDS = {
    "forward strand": [Likelihood(1.386, 10), Likelihood(1.34, 10)],
    "both strands": [Likelihood(1.35, 10), Likelihood(1.37, 10)],
}


def test_the_best_markov_model_is_that_of_the_lowest_figure_on_any_strand():
    assert best_markov(STRANDS) == ("best Markov model, order 1, forward strand", STRANDS["forward strand"][1].bits)


def test_the_table_sets_the_model_beside_every_order():
    windows = [Interval("a", 0, 6, "valid"), Interval("a", 5, 11, "valid")]
    table = held_out_table("mine", Likelihood(1.33, 10), STRANDS, windows)
    assert table.splitlines()[0] == "Held-out part: 10 bases in 2 windows"
    assert [line.split() for line in table.splitlines()[6:8]] == [
        ["Markov", "order", "0", "1.9996", "3.9988", "1.9476", "3.8574"],
        ["Markov", "order", "1", "1.9332", "3.8190", "1.9765", "3.9354"],
    ]
    assert table.splitlines()[-1] == "mine is 0.0144 bits below the best Markov model, order 1, forward strand."
    assert "0.0144 bits above" in held_out_table("mine", Likelihood(1.35, 10), STRANDS, windows)


def test_what_is_not_a_base_is_counted():
    table = held_out_table("mine", Likelihood(1.33, 10), STRANDS, [Interval("a", 0, 1234, "valid")])
    assert table.splitlines()[0].endswith("in 1 windows; 1,223 that are not A, C, G or T are skipped")


def test_what_only_the_markov_models_count_is_said():
    table = held_out_table("mine", Likelihood(1.33, 7), STRANDS, [Interval("a", 0, 13, "valid")])
    first_line = table.splitlines()[0]
    assert first_line.endswith("; 5 that are not A, C, G or T are skipped, 3 of them (lower case, U) only by mine")


def test_run_json_keeps_the_figures_by_order():
    report = held_out_json(Likelihood(1.33, 10), STRANDS)
    assert report["bases"] == 10
    assert [round(bits, 4) for bits in report["markov_bits_per_base"]["both strands"]] == [1.9476, 1.9765]
