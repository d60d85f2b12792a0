"""`check --policy`: rules of policies are rules as all others, and what is wrong with a policy is a sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.program import Run, gitops_guard, repository, write

POD = """apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
spec:
  containers:
  - name: web
    image: registry.example/web:1.2.3@sha256:{digest}
""".format(digest="0" * 64)
DENY = """package main

import rego.v1

deny_pod contains msg if {
  input.kind == "Pod"
  msg := "a Pod by itself"
}
"""
TEMPLATE = """apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: said}
spec:
  crd:
    spec:
      names: {kind: Said}
      validation:
        openAPIV3Schema:
          type: object
          properties: {words: {type: array, items: {type: string}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package said

      violation[{"msg": msg}] {
        msg := input.parameters.words[_]
      }
"""
CONSTRAINT = """apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Said
metadata: {name: word}
spec:
  match: {kinds: [{apiGroups: [""], kinds: [Pod]}]}
  parameters: {words: [no]}
"""
FLAGS = ("--no-lint", "--only-policies")


def check(folder: Path, files: Mapping[str, str], *flags: str, policy: str = "policy") -> Run:
    write(folder, {"pod.yaml": POD, **files})
    given = ("--policy", policy) if policy else ()
    return gitops_guard("check", "pod.yaml", *given, *FLAGS, *flags, cwd=folder)


def lines(run: Run) -> list[str]:
    return [line for line in run.out.splitlines() if line.startswith(("pod.yaml", "policy error", "note:"))]


def test_the_configuration_sets_the_severity_of_a_rule_of_a_policy(tmp_path: Path) -> None:
    settings = "policy:\n  paths: [policy]\nrules:\n  main.deny_pod: warning\n"

    ran = check(tmp_path, {"policy/a.rego": DENY, ".gitops-guard.yaml": settings}, policy="")

    assert (ran.code, lines(ran)) == (0, ["pod.yaml:1:1: warning[main.deny_pod] a Pod by itself"])


def test_a_comment_waives_a_finding_of_a_policy(tmp_path: Path) -> None:
    pod = f"# gitops-guard: allow main.deny_pod -- it is a test\n{POD}"

    ran = check(tmp_path, {"policy/a.rego": DENY, "pod.yaml": pod}, "--format", "json")

    report = json.loads(ran.out)
    assert [one["finding"]["rule"] for one in report["waived"]] == ["main.deny_pod"]
    assert (ran.code, report["findings"]) == (0, [])


def test_the_id_in_the_metadata_is_the_id_of_the_rule(tmp_path: Path) -> None:
    metadata = "# METADATA\n# title: No Pods\n# custom:\n#   id: SHOP-1\ndeny_pod"

    ran = check(tmp_path, {"policy/a.rego": DENY.replace("deny_pod", metadata)}, "--select", "SHOP-1")

    assert lines(ran) == ["pod.yaml:1:1: error[SHOP-1] a Pod by itself"]


def test_sarif_holds_the_documentation_of_a_rule(tmp_path: Path) -> None:
    metadata = "# METADATA\n# title: No Pods\n# related_resources:\n# - https://example.org/pods\ndeny_pod"

    ran = check(tmp_path, {"policy/a.rego": DENY.replace("deny_pod", metadata)}, "--format", "sarif")

    (rule,) = json.loads(ran.out)["runs"][0]["tool"]["driver"]["rules"]
    assert (rule["id"], rule["shortDescription"]["text"]) == ("main.deny_pod", "No Pods")
    assert "https://example.org/pods" in rule["help"]["text"]


def test_a_verdict_out_of_the_cache_ends_with_the_policy(tmp_path: Path) -> None:
    first = gitops_guard(
        "check", *FLAGS, "--policy", "policy", cwd=write(tmp_path, {"pod.yaml": POD, "policy/a.rego": DENY})
    )
    second = gitops_guard("check", *FLAGS, "--policy", "policy", cwd=tmp_path)
    write(tmp_path, {"policy/a.rego": DENY.replace("a Pod by itself", "another word")})
    third = gitops_guard("check", *FLAGS, "--policy", "policy", cwd=tmp_path)

    assert lines(first) == lines(second) == ["pod.yaml:1:1: error[main.deny_pod] a Pod by itself"]
    assert lines(third) == ["pod.yaml:1:1: error[main.deny_pod] another word"]


def test_a_policy_of_the_configuration_is_that_of_the_revision(tmp_path: Path) -> None:
    files = {"pod.yaml": POD, "policy/a.rego": DENY, ".gitops-guard.yaml": "policy: {paths: [policy]}\n"}
    root = repository(tmp_path / "r", files)
    write(root, {"policy/a.rego": "package main\n"})

    ran = gitops_guard("check", "--rev", "HEAD", *FLAGS, cwd=root)

    assert lines(ran) == ["pod.yaml:1:1: error[main.deny_pod] a Pod by itself"]


@pytest.mark.parametrize(
    ("files", "code", "said"),
    [
        pytest.param(
            {"policy/b.rego": 'package main\n\ndeny contains "x" if {\n  count(\n}\n'},
            3,
            "policy error: policy/b.rego:5:1: ",
            id="a module that does not parse",
        ),
        pytest.param(
            {"policy/b.rego": 'package main\n\ndeny contains http.send({}).body\n'},
            3,
            "policy error: policy/b.rego:3:15: the policy calls `http.send`, which reaches the network; "
            "`policy.builtins` in the configuration can allow it [policy/b.rego]",
            id="a builtin that is refused",
        ),
        pytest.param(
            {"policy/b.rego": "package main\n\ndeny contains graphql.parse(\"a\", \"b\")\n"},
            3,
            "policy error: policy/b.rego:3:15: the embedded engine has no builtin `graphql.parse`; "
            "`--policy-engine opa` has it [policy/b.rego]",
            id="a builtin that the engine lacks",
        ),
        pytest.param(
            {"policy/b.rego": "package main\n\ndeny contains nothing.here(1)\n"},
            3,
            "policy error: policy/b.rego:3:15: there is no builtin and no function `nothing.here` [policy/b.rego]",
            id="a function that is nowhere",
        ),
        pytest.param(
            {"policy/b.rego": "package lib\n\nf(x) := z if x == q\n"},
            3,
            "policy error: policy/b.rego:3:19: use of undefined variable `q` is unsafe [policy/b.rego]",
            id="a module that does not compile",
        ),
        pytest.param(
            {"policy/b.rego": "package main\n\ndeny_pod contains x if {\n  not y == 1\n  x := y\n}\n"},
            3,
            "policy error: policy/b.rego:4:7: var y is unsafe [policy/b.rego]",
            id="a body that does not compile, of a rule that another module has as well",
        ),
        pytest.param(
            {"policy/b.rego": 'package main\n\ndeny contains $"{input.kind} no"\n'},
            3,
            'policy error: policy/b.rego:3:15: template strings (`$"…"`) are not known here; `sprintf` does the same ',
            id="a template string",
        ),
        pytest.param(
            {"policy/b.rego": "package main\n\ndeny_number contains 7\n"},
            1,
            "note: policies: main.deny_number returned a number where a message belongs; it is no result",
            id="a message that is a number",
        ),
        pytest.param(
            {"policy/b.rego": 'package main\n\ndeny_object contains {"message": "x"}\n'},
            3,
            "policy error: policy/b.rego:3:1: the rule returned an object without the string `msg` [main.deny_object]",
            id="an object without msg",
        ),
        pytest.param(
            {"policy/b.rego": 'package other\n\ndeny contains "x" if input.kind\n'},
            1,
            "note: policies: package other is loaded and matched nothing: `--namespace other` asks it",
            id="a package that nobody asks",
        ),
        pytest.param(
            {"policy/b.rego": "package main\n\ndeny_undefined contains input.no.such.field\n"},
            1,
            "pod.yaml:1:1: error[main.deny_pod] a Pod by itself",
            id="what is undefined",
        ),
        pytest.param(
            {"policy/t.yaml": TEMPLATE, "policy/u.yaml": TEMPLATE, "policy/c.yaml": CONSTRAINT},
            3,
            "policy error: policy/u.yaml:1:1: a second template of this kind; the first is at policy/t.yaml:1:1 [Said]",
            id="two templates of one kind",
        ),
        pytest.param(
            {"policy/c.yaml": CONSTRAINT},
            3,
            "policy error: policy/c.yaml:1:1: the constraint word has no ConstraintTemplate of the kind Said ",
            id="a constraint without a template",
        ),
        pytest.param(
            {"policy/t.yaml": TEMPLATE, "policy/c.yaml": CONSTRAINT.replace("[no]", "[1]")},
            3,
            "policy error: policy/c.yaml:6:24: the parameters do not fit the schema of the template: "
            "spec.parameters.words.0 [Said.word]",
            id="parameters that do not fit",
        ),
        pytest.param(
            {"policy/t.yaml": TEMPLATE.replace("msg := input", "msg := := input"), "policy/c.yaml": CONSTRAINT},
            3,
            "policy error: policy/t.yaml:18:16: expecting expression [Said]",
            id="a template whose Rego does not parse",
        ),
        pytest.param(
            {"policy/t.yaml": TEMPLATE, "policy/c.yaml": CONSTRAINT.replace("metadata: {name: word}", "metadata: {}")},
            3,
            "policy error: policy/c.yaml:1:1: the constraint has no name (metadata.name) [Said]",
            id="a constraint without a name",
        ),
        pytest.param(
            {"policy/x.yaml": "a: [\n"}, 3, "policy error: policy/x.yaml:1:5: the file does not parse: ", id="YAML"
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_policy_is_a_sentence_and_the_others_are_asked(
    files: dict[str, str], code: int, said: str, tmp_path: Path
) -> None:
    ran = check(tmp_path, {"policy/a.rego": DENY, **files})

    assert ran.code == code
    assert [line for line in lines(ran) if line.startswith(said)], ran.out + ran.err
    assert "pod.yaml:1:1: error[main.deny_pod] a Pod by itself" in lines(ran)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(
            {"data/a.yaml": "a: [\n"}, "policy error: data/a.yaml:1:5: the data file does not parse: ", id="YAML"
        ),
        pytest.param(
            {"data/a.json": "[1]"}, "policy error: data/a.json:1:1: the data file is not a mapping", id="a list"
        ),
        pytest.param(
            {"data/a.yaml": "a: 1\n", "data/b.yaml": "a: 2\n"},
            "policy error: data/b.yaml:1:1: another data file has `data.a` as well",
            id="twice the same",
        ),
    ],
)
def test_a_data_file_that_is_not_valid_is_a_sentence(data: dict[str, str], said: str, tmp_path: Path) -> None:
    ran = check(tmp_path, {"policy/a.rego": DENY, **data}, "--policy-data", "data")

    assert ran.code == 3
    assert [line for line in lines(ran) if line.startswith(said)], ran.out


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        pytest.param(("--policy", "nowhere"), "--policy 'nowhere': there is no such file or folder", id="no folder"),
        pytest.param(
            ("--policy", "policy", "--policy-data", "x"), "--policy-data 'x': there is no such file", id="no data"
        ),
        pytest.param((), "--only-policies, and there is no policy (--policy names some)", id="no policy"),
        pytest.param(("--policy", "policy", "--policy-engine", "opa"), "no server is named", id="no server"),
        pytest.param(
            ("--policy", "policy", "--opa-package", "x"), "--opa-package asks what the server holds", id="both"
        ),
        pytest.param(("--policy", "policy", "--enable", "nothing"), "there is no rule 'nothing'", id="no rule"),
    ],
)
def test_a_call_that_cannot_be_meant_is_the_callers_mistake(flags: tuple[str, ...], said: str, tmp_path: Path) -> None:
    ran = check(tmp_path, {"policy/a.rego": DENY}, *flags, policy="")

    assert ran.code == 2
    assert said in ran.err


def test_an_id_of_a_built_in_rule_is_taken(tmp_path: Path) -> None:
    metadata = "# METADATA\n# custom:\n#   id: unpinned-image-tag\ndeny_pod"

    ran = check(tmp_path, {"policy/a.rego": DENY.replace("deny_pod", metadata)})

    assert ran.code == 2
    assert "a policy has the id 'unpinned-image-tag', which is a built-in rule" in ran.err


def test_what_is_no_policy_is_listed_with_its_reason(tmp_path: Path) -> None:
    vap = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: v}\n"
    cel = TEMPLATE.replace(
        "    rego: |", "    code:\n    - engine: K8sNativeValidation\n      source: {}\n    unused: |"
    )
    files = {"policy/v.yaml": vap, "policy/t.yaml": cel, "policy/README": "x", "policy/pod.yaml": POD}

    ran = gitops_guard("policy", "list", "policy", "--format", "json", cwd=write(tmp_path, files))

    listed = {one["where"]: (one["kind"], one["note"]) for one in json.loads(ran.out)["policies"]}
    assert listed == {
        "policy/README:1:1": ("not a policy", "no Rego, YAML or JSON"),
        "policy/pod.yaml:1:1": ("not a policy", "neither a policy nor named as data (--policy-data)"),
        "policy/t.yaml:1:1": ("ConstraintTemplate", "not evaluated: it holds CEL only, which is for the API server"),
        "policy/v.yaml:1:1": ("CEL policy", "not evaluated: CEL is for the API server"),
    }


@pytest.mark.parametrize("key", ["engine: opa", "opa-url: http://127.0.0.1:9", "opa-package: main"])
def test_a_configuration_cannot_say_which_server_is_asked(key: str, tmp_path: Path) -> None:
    settings = f"policy:\n  paths: [policy]\n  {key}\n"

    ran = check(tmp_path, {"policy/a.rego": DENY, ".gitops-guard.yaml": settings}, policy="")

    assert ran.code == 2
    assert ran.err.startswith("Error: .gitops-guard.yaml:3:3: ")
