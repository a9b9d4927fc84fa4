"""Benchmarks: ``python -m tests.benchmarks.NAME [--json]``; pytest does not run them."""
