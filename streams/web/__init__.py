"""Pages and endpoints over HTTP: wallboard, JSON API, health and metrics."""
