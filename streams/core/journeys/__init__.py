"""Measures that join events by a key: what one item - a lead, a ticket, a customer - adds to the values it is in.

One pure function a measure: the set of an item's events and the clock in, its contributions out, and the next instant
at which time alone changes them. The same set says the same in whatever order it came; `contract` has the words.
"""
