# METADATA
# title: Nothing mounts folders of a node
# description: |
#   Who may write to a folder of a node can often take over the node, and who may read can read its secrets. Judged
#   are the volumes of Pods, and PersistentVolumes. `allowed` lists folders that may be mounted, with all below them.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/storage/volumes/#hostpath
#     description: volumes of the type hostPath
#   - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
#     description: Pod Security Standards, "HostPath Volumes"
# custom:
#   id: host-path
#   severity: error
package library.host_path

import data.library.pods

default allowed := []

allowed := data.parameters.host_path.allowed

deny contains {"msg": msg, "path": array.concat(pods.path, ["volumes", number, "hostPath"])} if {
	is_array(pods.spec.volumes)
	some number, volume in pods.spec.volumes
	folder := folder_of(volume)
	not is_allowed(folder)
	msg := sprintf("the volume `%v` is the folder `%s` of the node", [object.get(volume, "name", ""), folder])
}

deny contains {"msg": msg, "path": ["spec", "hostPath"]} if {
	input.apiVersion == "v1"
	input.kind == "PersistentVolume"
	folder := folder_of(input.spec)
	not is_allowed(folder)
	msg := sprintf("the volume is the folder `%s` of the node", [folder])
}

folder_of(volume) := folder if {
	is_object(volume.hostPath)
	folder := object.get(volume.hostPath, "path", "")
	is_string(folder)
}

is_allowed(folder) if {
	some parent in allowed
	startswith(concat("", [folder, "/"]), concat("", [trim_right(parent, "/"), "/"]))
	not contains(folder, "..")
}
