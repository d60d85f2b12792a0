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
	parts := split(images.full_name(use.image), "/")
	not is_known(parts)
	msg := sprintf("the image `%s` comes from `%s`; allowed is %s", [images.name(use.image), parts[0], listed])
}

is_known(parts) if {
	some registry in registries
	wanted := split(trim(registry, "/"), "/")
	start := array.slice(parts, 0, count(wanted))
	glob.match(concat("/", wanted), ["/"], concat("/", start))
}

default listed := "none"

listed := concat(", ", [sprintf("`%s`", [registry]) | some registry in registries]) if count(registries) > 0
