"""yamllint has something to say about the form of a file; its own rule stands in parentheses.

yamllint runs as a program with the configuration that it would find by itself (`.yamllint`, `YAMLLINT_CONFIG_FILE`,
…); without one, a quiet one that is part of gitops-guard. Helm templates and encrypted files are left out, and what
is a `yaml-syntax` or `schema-invalid` finding is not said twice. `--no-lint` turns it off for a run. To allow one
line, `# yamllint disable-line` works as always.

`error` is the highest severity that a finding can have. It has the level that yamllint's configuration gives its rule:
without a configuration of your own, everything is a warning.

Source: https://yamllint.readthedocs.io/en/stable/rules.html
"""

from gitops_guard.model.finding import Severity
from gitops_guard.model.rule import Topic, engine_rule

# The level is yamllint's own: a rule at `level: error` in the user's configuration fails the check.
RULE = engine_rule(__name__, __doc__, Severity.ERROR, topic=Topic.FORM)
