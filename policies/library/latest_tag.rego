# METADATA
# title: No image is the latest
# description: |
#   An image without a tag is `latest`, and that is another one tomorrow. A digest is fine, whatever the tag beside it.
#   `tags` lists the tags that are not allowed.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/containers/images/#image-names
#     description: names and tags of images
# custom:
#   id: latest-tag
#   severity: error
package library.latest_tag

import data.library.images

default tags := ["latest"]

tags := data.parameters.latest_tag.tags

deny contains {"msg": msg, "path": use.path} if {
	some use in images.used
	tag := images.tag(use.image)
	tag in tags
	msg := sprintf("the image `%s` of the container `%v` is what `%s` is today", [images.name(use.image), use.container, tag])
}
