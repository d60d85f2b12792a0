# METADATA
# title: Resources have the labels that everybody relies on
# description: |
#   `labels` lists the labels that must be there, `kinds` the kinds that must have them (none listed: all kinds).
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
#     description: recommended labels
# custom:
#   id: missing-label
#   severity: error
package library.missing_label

default labels := ["app.kubernetes.io/name"]

labels := data.parameters.missing_label.labels

default kinds := ["CronJob", "DaemonSet", "Deployment", "Job", "StatefulSet"]

kinds := data.parameters.missing_label.kinds

deny contains {"msg": msg, "path": ["metadata", "labels", label]} if {
	is_judged
	some label in labels
	object.get(input, ["metadata", "labels", label], null) == null
	msg := sprintf("the %s has no label `%s`", [input.kind, label])
}

is_judged if input.kind in kinds

is_judged if {
	count(kinds) == 0
	is_string(input.kind)
	is_string(input.apiVersion)
}
