"""gitops-guard: check a GitOps repository before it reaches a cluster."""

__version__ = "0.1.0"
