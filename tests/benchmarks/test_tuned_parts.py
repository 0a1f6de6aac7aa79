"""What trains under lora, bias and norm, counted on a small network."""

from benchmarks import tuned_parts


def test_less_trains_than_in_fine_tuning_and_a_checkpoint_holds_what_trains():
    rows = {row.regime: row for row in tuned_parts.rows("small_cnn", 16, steps=1)}
    assert rows["fine_tune"].share == 1
    assert rows["bias"].trained < rows["norm"].trained < rows["lora"].trained < rows["fine_tune"].trained
    assert rows["lora"].saved == rows["lora"].trained
    assert rows["bias"].saved == rows["bias"].trained
    assert rows["norm"].saved > rows["norm"].trained  # the statistics of BatchNorm follow the batches
