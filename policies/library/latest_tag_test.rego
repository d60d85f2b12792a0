package library.latest_tag_test

import data.library.latest_tag

pod(image) := {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "shop", "image": image}]}}

messages contains result.msg if some result in latest_tag.deny

test_the_tag_is_denied if {
	messages == {"the image `shop` of the container `shop` is what `latest` is today"} with input as pod("shop:latest")
}

test_no_tag_means_latest if {
	every image in ["shop", "localhost:5000/shop"] {
		count(messages) == 1 with input as pod(image)
	}
}

test_a_version_or_a_digest_passes if {
	every image in ["shop:1.0", "localhost:5000/shop:1.0", "shop@sha256:00", "shop:latest@sha256:00", "shop:${TAG}"] {
		messages == set() with input as pod(image)
	}
}

test_the_tags_that_are_denied_can_be_listed if {
	count(messages) == 1 with input as pod("shop:edge") with data.parameters.latest_tag.tags as ["edge"]
	messages == set() with input as pod("shop") with data.parameters.latest_tag.tags as ["edge"]
}
