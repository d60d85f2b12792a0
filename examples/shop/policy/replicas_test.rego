package main_test

import rego.v1

import data.main

test_one_replica_is_denied if {
	count(main.deny_single_replica) == 1 with input as {"kind": "Deployment", "metadata": {"name": "a"}, "spec": {"replicas": 1}}
}

test_two_replicas_are_not if {
	count(main.deny_single_replica) == 0 with input as {"kind": "Deployment", "metadata": {"name": "a"}, "spec": {"replicas": 2}}
}
