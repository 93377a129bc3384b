"""A simulated company: seeded events of forty people in four departments, for `kpi demo` and `kpi simulate`.

Pure: it reads no clock, and the same seed gives the same events. People work when the catalogue's calendar says so.
"""
