// Judges Pods as Pod Security admission does: kubernetes' own library, behind a line of JSON each.
package main

import (
	"bufio"
	"encoding/json"
	"os"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

type question struct {
	Level   string     `json:"level"`
	Version string     `json:"version"`
	Pod     corev1.Pod `json:"pod"`
}

// Reads {"level", "version", "pod"} lines and answers each with the reasons for which the Pod is refused.
func main() {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		panic(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			panic(err)
		}
		level, err := api.ParseLevel(asked.Level)
		if err != nil {
			panic(err)
		}
		version, err := api.ParseVersion(asked.Version)
		if err != nil {
			panic(err)
		}
		results := evaluator.EvaluatePod(api.LevelVersion{Level: level, Version: version}, &asked.Pod.ObjectMeta, &asked.Pod.Spec)
		refused := policy.AggregateCheckResults(results).ForbiddenReasons
		if refused == nil {
			refused = []string{}
		}
		if err := answers.Encode(refused); err != nil {
			panic(err)
		}
	}
	if err := lines.Err(); err != nil {
		panic(err)
	}
}
