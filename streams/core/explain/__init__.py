"""How a value came about: from the events that a state has kept to the arithmetic, in data that a page can show.

Live state and replay are explained by the same code. What a state does not keep is said, never guessed.
"""
