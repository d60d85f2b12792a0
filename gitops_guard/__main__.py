"""`python -m gitops_guard`."""

from gitops_guard.cli.main import run

run()
