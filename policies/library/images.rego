# METADATA
# title: The images of a resource, and the parts of their names
# description: |
#   `used` holds what containers run, but for references that something else fills in (`${TAG}`, `{{ image }}`,
#   `<image>`): what these name is known only afterwards.
# related_resources:
#   - ref: https://github.com/distribution/reference
#     description: what a reference is made of
package library.images

import data.library.pods

# METADATA
# description: All references to images, each with its `path` and the name of its container.
used contains {"container": entry.name, "image": image, "path": array.concat(entry.path, ["image"])} if {
	some entry in pods.containers
	image := entry.container.image
	is_string(image)
	image != ""
	not regex.match(`[$<{]`, image)
}

# METADATA
# description: The reference without tag and digest. A colon before the last slash belongs to the port of a registry.
name(image) := regex.replace(split(image, "@")[0], `:[^/:]*$`, "")

# METADATA
# description: The tag, `latest` where there is none. Undefined for a digest, beside which a tag has no say.
tag(image) := found if {
	not contains(image, "@")
	last := regex.replace(image, `^.*/`, "")
	contains(last, ":")
	found := split(last, ":")[1]
}

tag(image) := "latest" if {
	not contains(image, "@")
	not contains(regex.replace(image, `^.*/`, ""), ":")
}

# METADATA
# description: The name with its registry in front. `nginx` is `docker.io/library/nginx`.
full_name(image) := regex.replace(name(image), `^index\.docker\.io/`, "docker.io/") if has_registry(name(image))

full_name(image) := concat("/", ["docker.io", name(image)]) if {
	not has_registry(name(image))
	contains(name(image), "/")
}

full_name(image) := concat("/", ["docker.io/library", name(image)]) if {
	not has_registry(name(image))
	not contains(name(image), "/")
}

# METADATA
# description: Whether the first part of a name is a registry, and no folder of Docker Hub.
has_registry(full) if regex.match(`^(localhost|[^/]*[.:][^/]*)/`, full)
