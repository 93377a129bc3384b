"""`python -m streams` is `kpi`."""

from streams.cli import main

main()
