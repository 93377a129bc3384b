"""The quick way to a named tuple, where many are made with all their fields: `new_tuple(Figures, (...))`."""

new_tuple = tuple.__new__
"""Half the time of a named tuple's own constructor, which matters 50,000 times a second."""
