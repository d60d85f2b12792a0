# METADATA
# title: Images come from registries that are known
# description: |
#   `registries` lists hosts, with folders or without: `ghcr.io/example`, `*.dkr.ecr.*.amazonaws.com`. A `*` stands for
#   what lies between two slashes. An image without a host is one of `docker.io`, without a folder of
#   `docker.io/library`.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/containers/images/#image-names
#     description: names of images
# custom:
#   id: foreign-registry
#   severity: error
package library.foreign_registry

import data.library.images

default registries := ["registry.k8s.io"]

registries := data.parameters.foreign_registry.registries

deny contains {"msg": msg, "path": use.path} if {
	some use in images.used
	full_name := images.full_name(use.image)
	not is_known(full_name)
	registry := split(full_name, "/")[0]
	msg := sprintf("the image `%s` comes from `%s`; allowed is %s", [images.name(use.image), registry, listed])
}

is_known(full_name) if {
	some registry in registries
	below := concat("", [trim_right(registry, "/"), "/**"])
	glob.match(below, ["/"], concat("", [full_name, "/"]))
}

default listed := "none"

listed := concat(", ", [sprintf("`%s`", [registry]) | some registry in registries]) if count(registries) > 0
