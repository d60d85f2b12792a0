# METADATA
# title: Containers have requests
# description: |
#   Requests are what the scheduler goes by: without one, a node is overfilled, and the Pod is the first to be evicted.
#   Init containers count too, ephemeral ones cannot have any. What is set for the Pod as a whole holds for its
#   containers, and a limit without a request is the request too. `resources` lists what needs one.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
#     description: requests and limits of Pods and containers
# custom:
#   id: missing-requests
#   severity: error
package library.missing_requests

import data.library.containers
import data.library.pods

default resources := ["cpu", "memory"]

resources := data.parameters.missing_requests.resources

deny contains {"msg": msg, "path": array.concat(entry.path, ["resources", "requests"])} if {
	some entry in containers.all
	entry.list != "ephemeralContainers"
	missing := [resource | some resource in resources; not is_set(entry.container, resource)]
	count(missing) > 0
	msg := sprintf("the container `%v` has no request for %s", [entry.name, concat(" and ", missing)])
}

is_set(container, resource) if container.resources.requests[resource] != null

is_set(container, resource) if container.resources.limits[resource] != null

is_set(_, resource) if pods.spec.resources.requests[resource] != null

is_set(_, resource) if pods.spec.resources.limits[resource] != null
