"""Policies that are not written for gitops-guard: Rego for conftest, Gatekeeper, Pod Security, on exchangeable engines."""
