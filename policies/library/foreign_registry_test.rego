package library.foreign_registry_test

import data.library.foreign_registry

pod(image) := {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "shop", "image": image}]}}

messages contains result.msg if some result in foreign_registry.deny

test_an_image_from_elsewhere_is_denied if {
	expected := "the image `nginx` comes from `docker.io`; allowed is `ghcr.io/example`, `quay.io`"

	messages == {expected} with input as pod("nginx:1.27.3")
		with data.parameters.foreign_registry.registries as ["ghcr.io/example", "quay.io"]
}

test_the_path_is_that_of_the_image if {
	{["spec", "containers", 0, "image"]} == {result.path | some result in foreign_registry.deny} with input as pod("nginx")
}

test_without_a_list_the_registry_of_kubernetes_is_known if {
	messages == set() with input as pod("registry.k8s.io/pause:3.10")
}

test_a_registry_that_is_listed_passes if {
	known := ["ghcr.io/example/", "*.dkr.ecr.*.amazonaws.com", "docker.io/library"]
	every image in ["ghcr.io/example/shop:1", "1.dkr.ecr.eu-west-1.amazonaws.com/shop", "nginx"] {
		messages == set() with input as pod(image) with data.parameters.foreign_registry.registries as known
	}
}

test_a_name_that_only_begins_alike_is_denied if {
	known := ["ghcr.io/example", "*.example.com"]
	every image in ["ghcr.io/example2/shop", "ghcr.io.evil.test/example/shop", "evil.test/a.example.com/shop"] {
		count(messages) == 1 with input as pod(image) with data.parameters.foreign_registry.registries as known
	}
}

test_with_an_empty_list_nothing_is_known if {
	messages == {"the image `nginx` comes from `docker.io`; allowed is none"} with input as pod("nginx:1.27.3")
		with data.parameters.foreign_registry.registries as []
}
