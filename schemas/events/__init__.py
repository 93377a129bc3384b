"""The event contract: CloudEvents 1.0 with the types of EVENTS.md, one module per department, and the decoder."""
