"""Policies that people already have (Rego for conftest, Gatekeeper, Pod Security), on exchangeable engines."""
