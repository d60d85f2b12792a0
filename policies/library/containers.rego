# METADATA
# title: The containers that a resource describes
# description: |
#   `all` holds the containers of the Pods, each as `container` with its `path`, the `list` that it stands in, and what to
#   call it (`name`).
package library.containers

import data.library.pods

all contains entry if {
	some list in ["initContainers", "containers", "ephemeralContainers"]
	is_array(pods.spec[list])
	some number, container in pods.spec[list]
	is_object(container)
	entry := {
		"container": container,
		"list": list,
		"name": object.get(container, "name", sprintf("%s[%v]", [list, number])),
		"path": array.concat(pods.path, [list, number]),
	}
}
