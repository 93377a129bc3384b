"""Sinks: the ends of the road, where a notice becomes a message. `registry.sinks_of` makes them from the settings."""
