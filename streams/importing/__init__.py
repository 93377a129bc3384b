"""From tables as people export them to CloudEvents: what a mapping says, applied to rows.

`mapping` is what a user writes, `load` reads it, `tables` reads CSV and XLSX, `cells` and `rows` are pure, `importing`
goes from one file to one stream of events.
"""
