"""What a worker tells Prometheus: `definitions` declares every metric, `collector` reads them off a running worker."""
