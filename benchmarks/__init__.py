"""Each figure of speed beside its bare floor, measured in the same run: `python -m benchmarks --help`, and docs/performance.md."""
