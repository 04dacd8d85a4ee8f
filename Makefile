SHELL = /bin/sh
.DEFAULT_GOAL = help
.DELETE_ON_ERROR:
.PHONY: help build demo night test test-pysmurf bench soak format run clean

MVN = mvn
JAR = target/pysmurf-controller.jar

# Directories too, for a deleted file; the log of HEAD, since the jar names its commit.
SOURCES = pom.xml bin/pysmurf-controller bin/class-archive $(shell find src/main) $(wildcard .git/logs/HEAD)

# What tests talk to, as command:package. A test that needs one carries the JUnit tag that the package's name starts with.
PARTS = mosquitto:mosquitto mosquitto_pub:mosquitto-clients postgres:postgresql chromium:chromium chromedriver:chromium-driver nginx:nginx-light
# make test INSTALL=no leaves the machine as it is and skips the tests whose parts are missing.
INSTALL = yes

# Runs the emulated crate and the stages on it.
PYTHON = /usr/bin/python3

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-19s %s\n", $$1, $$2 }'

build: $(JAR) ## Build target/pysmurf-controller.jar and target/lib

$(JAR): $(SOURCES)
	@$(MVN) -B -q -ntp -Dmaven.test.skip=true package

demo: $(JAR) ## Tune a simulated band over MQTT; SLOTS=7: seven slots by one command; KEEP=1 leaves the controller running
	@KEEP='$(KEEP)' SLOTS='$(SLOTS)' sh src/demo/demo.sh

night: $(JAR) ## Run a short simulated night on two slots (40 s), and show a table of the results
	@PYTHONDONTWRITEBYTECODE=1 python3 src/demo/night.py

run: $(JAR) ## Start the controller; Ctrl-C stops it
	@exec bin/pysmurf-controller

# Installed services are kept from starting: the tests start what they need, on ports of their own.
test: ## Run all tests and checks; as root, first install the programs they need
	@searched="$$PATH:/usr/sbin"; \
	find_missing() { \
	  missing=; \
	  PATH="$$searched$$(printf ':%s' /usr/lib/postgresql/*/bin)"; \
	  for part in $(PARTS); do \
	    command -v "$${part%%:*}" >/dev/null 2>&1 || missing="$$missing $${part#*:}"; \
	  done; \
	}; \
	find_missing; \
	if [ -n "$$missing" ] && [ '$(INSTALL)' = yes ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing what the tests talk to:$$missing"; \
	  ( policy=/usr/sbin/policy-rc.d; \
	    if [ ! -e "$$policy" ]; then \
	      trap 'rm -f "$$policy"' EXIT; trap 'exit 1' HUP INT TERM; \
	      printf '#!/bin/sh\nexit 101\n' >"$$policy" && chmod 755 "$$policy"; \
	    fi; \
	    export DEBIAN_FRONTEND=noninteractive; \
	    apt-get update -qq && \
	    apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends $$missing </dev/null >/dev/null ) || exit 1; \
	  find_missing; \
	fi; \
	skip=; \
	for tag in $$(printf '%s\n' $$missing | sed 's/-.*//' | sort -u); do \
	  skip="$$skip$${skip:+,}$$tag"; \
	  tests=$$(grep -rl "Tag(\"$$tag\")" src/test/java | sed 's|.*/||; s|\.java$$||' | sort | tr '\n' ' '); \
	  echo "SKIPPED, for want of $$tag: $${tests:-no test}"; \
	done; \
	[ -z "$$missing" ] || echo "To run them, as root: apt-get install$$missing"; \
	$(MVN) -B -ntp $${skip:+-DexcludedGroups=$$skip} verify

# Needs numpy, scipy, matplotlib, pandas, yaml, schema and packaging, and for sodetlib lmfit and tqdm: Debian's python3-*.
# make test-pysmurf CAMPAIGN='--parts presets,faults --stages serial_algs': a part of it.
test-pysmurf: ## Run all stages on pysmurf's own code, for hours: PYSMURF_SRC=folder [SODETLIB_SRC=folder]
	@if [ -z '$(PYSMURF_SRC)' ]; then \
	  echo 'PYSMURF_SRC is not set: name a checkout of slaclab/pysmurf, main or v9.0.3; nothing was run' >&2; exit 2; \
	fi; \
	cd src/test/python && export PYTHONDONTWRITEBYTECODE=1 PYSMURF_SRC='$(abspath $(PYSMURF_SRC))' \
	  SODETLIB_SRC='$(if $(SODETLIB_SRC),$(abspath $(SODETLIB_SRC)))' && \
	$(PYTHON) -m unittest crate.test_crate && $(PYTHON) -m crate campaign $(CAMPAIGN)

# make bench BENCH='--only commands,floods --rounds 2': a part of it, or more rounds.
bench: $(JAR) ## Compare the controller's speed with doing the same without it; see docs/performance.md
	@PYTHONDONTWRITEBYTECODE=1 python3 src/bench $(BENCH)

soak: $(JAR) ## Send commands for 10 minutes while the broker and a route file come and go; SOAK_SECONDS=60 for less
	@PYTHONDONTWRITEBYTECODE=1 SOAK_SECONDS='$(SOAK_SECONDS)' python3 src/soak

format: ## Format the Java sources
	@$(MVN) -B -q -ntp spotless:apply

clean: ## Delete what the build made; data/ stays
	@rm -rf target
