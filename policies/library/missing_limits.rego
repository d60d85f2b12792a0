# METADATA
# title: Containers have limits
# description: |
#   Without a limit, one container can take all memory or time of its node. Init containers count too, ephemeral ones
#   cannot have any. What is set for the Pod as a whole holds for its containers. `resources` lists what needs one.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
#     description: requests and limits of Pods and containers
# custom:
#   id: missing-limits
#   severity: error
package library.missing_limits

import data.library.containers
import data.library.pods

default resources := ["cpu", "memory"]

resources := data.parameters.missing_limits.resources

deny contains {"msg": msg, "path": array.concat(entry.path, ["resources", "limits"])} if {
	some entry in containers.all
	entry.list != "ephemeralContainers"
	missing := [resource | some resource in resources; not is_set(entry.container, resource)]
	count(missing) > 0
	msg := sprintf("the container `%v` has no limit for %s", [entry.name, concat(" and ", missing)])
}

is_set(container, resource) if container.resources.limits[resource] != null

is_set(_, resource) if pods.spec.resources.limits[resource] != null
