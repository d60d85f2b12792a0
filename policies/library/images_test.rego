package library.images_test

import data.library.images

test_a_colon_before_the_last_slash_is_a_port if {
	images.name("localhost:5000/shop") == "localhost:5000/shop"
	images.name("localhost:5000/shop:1.0") == "localhost:5000/shop"
	images.tag("localhost:5000/shop") == "latest"
	images.tag("localhost:5000/shop:1.0") == "1.0"
}

test_a_digest_is_no_tag if {
	not images.tag("nginx@sha256:00")
	not images.tag("nginx:latest@sha256:00")
	images.name("nginx:latest@sha256:00") == "nginx"
}

test_a_name_without_a_registry_is_one_of_docker_hub if {
	images.full_name("nginx:1.27") == "docker.io/library/nginx"
	images.full_name("example/shop") == "docker.io/example/shop"
	images.full_name("localhost/shop") == "localhost/shop"
	images.full_name("ghcr.io/example/shop:1.0") == "ghcr.io/example/shop"
}

test_what_is_filled_in_later_is_not_judged if {
	every image in ["${REGISTRY}/shop:1.0", "shop:{{ tag }}", "<image>", "", null] {
		images.used == set() with input as {
			"apiVersion": "v1",
			"kind": "Pod",
			"spec": {"containers": [{"name": "shop", "image": image}]},
		}
	}
}
