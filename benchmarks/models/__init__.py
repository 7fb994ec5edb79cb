"""The networks that the benchmarks run, and what converts them."""
