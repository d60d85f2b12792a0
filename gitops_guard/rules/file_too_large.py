"""A file is larger than what is read, so nothing in it was checked.

A manifest of many megabytes is generated, or it is no manifest: etcd takes no object over 1.5 MB. Split the file, or
list it under `exclude` in the configuration, which says so in the coverage.

Source: https://etcd.io/docs/v3.5/dev-guide/limit/#request-size-limit
"""

from gitops_guard.model.finding import Severity
from gitops_guard.model.rule import Profile, Topic, engine_rule

RULE = engine_rule(__name__, __doc__, Severity.ERROR, topic=Topic.FORM, profile=Profile.MINIMAL)
