# METADATA
# title: The images of a resource, and the parts of their names
# description: |
#   `used` holds what containers run, but for references that something else fills in (`${TAG}`, `{{ image }}`,
#   `<image>`): what these name is known only afterwards.
# related_resources:
#   - ref: https://github.com/distribution/reference
#     description: what a reference is made of
package library.images

import data.library.containers

# METADATA
# description: All references to images, each with its `path` and the name of its container.
used contains {"container": entry.name, "image": image, "path": array.concat(entry.path, ["image"])} if {
	some entry in containers.all
	image := entry.container.image
	is_string(image)
	image != ""
	not contains(image, "$")
	not contains(image, "{")
	not contains(image, "<")
}

# METADATA
# description: The reference without tag and digest. A colon before the last slash belongs to the port of a registry.
name(image) := regex.replace(image, `(:[^/:@]*)?(@.*)?$`, "")

# METADATA
# description: The name with its registry in front. `nginx` is `docker.io/library/nginx`.
full_name(image) := found if {
	found := name(image)
	regex.match(`^(localhost|[^/]*[.:][^/]*)/`, found)
} else := concat("/", ["docker.io", name(image)]) if {
	contains(image, "/")
} else := concat("/", ["docker.io/library", name(image)])

# METADATA
# description: The tag, `latest` where there is none. Undefined for a digest, beside which a tag has no say.
tag(image) := substring(image, count(name(image)) + 1, -1) if {
	not contains(image, "@")
	image != name(image)
}

tag(image) := "latest" if image == name(image)
