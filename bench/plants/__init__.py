"""Where each rule's mistake can be planted in a real repository. One module holds the planters of related rules.

A planter gets a `Ground` and yields `Plant`s: edits that leave every file as valid as it was, with the lines that the
rule has to report. Importing the modules registers them in `PLANTERS`, by rule and form of the mistake.
"""
