"""Floor 0: the nouns. Standard library only, no I/O, nothing is changed after it is built."""
