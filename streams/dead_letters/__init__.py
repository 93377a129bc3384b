"""The operator's side of `kpi.dead-letter`: which letters there are, and sending their records back."""
