"""What the state on Kafka holds of one KPI and subject (`kpi state`): read, decoded and shown, never written."""
