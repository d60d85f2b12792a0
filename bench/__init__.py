"""Measurements against real peers, and the generator of the repositories that they run on."""
