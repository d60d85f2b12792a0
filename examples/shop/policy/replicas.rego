package main

import rego.v1

# METADATA
# title: What takes orders runs more than once in production
# description: With one replica, every node that is drained and every update is an outage.
deny_single_replica contains {"msg": msg, "path": "spec.replicas"} if {
	input.kind == "Deployment"
	input.spec.replicas < 2
	msg := sprintf("%s has %d replica", [input.metadata.name, input.spec.replicas])
}
