def test_the_suite_is_registered():
    from hyenadna_benchmarks.benchmark_set import sets_of

    assert "tf_0" in sets_of("gue")
