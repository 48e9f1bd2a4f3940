# SPDX-License-Identifier: Apache-2.0
# Two commands for everybody: make run, make test. The rest is `make help`.
BUILD := build
PREFIX ?= /usr/local
DESTDIR ?=
CTEST := ctest --test-dir $(BUILD) --output-on-failure --no-tests=error
# Tests mostly wait; more of them at once than this, and the machine is no longer what they are about.
TESTS_AT_ONCE := $(shell nproc | awk '{ print $$1 < 4 ? $$1 : 4 }')

.PHONY: help run setup build test test-system fuzz install package bench clean
.DEFAULT_GOAL := help

help:
	@echo "make run          set up, build, record some seconds of real work, show the report"
	@echo "make test         set up, build and run the tests; safe on any machine"
	@echo "make build        only build: $(BUILD)/tacho and $(BUILD)/tacho-reader"
	@echo "make test-system  the tests that need root or are rough: kills, limits, mounts"
	@echo "make fuzz         feed every parser of outside bytes with hostile ones, FUZZ_SECONDS=600 each"
	@echo "make install      PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)"
	@echo "make package      a .deb and a .tar.gz in $(BUILD)/packages"
	@echo "make bench        measure tacho beside other tools"
	@echo "make clean        remove $(BUILD); what was set up stays in .deps"

# Tests are switched on by `make test` and stay so: what only builds needs no GoogleTest.
build:
	@scripts/setup
	@test -e $(BUILD)/CMakeCache.txt || cmake -G Ninja -S . -B $(BUILD) -DTACHO_TESTS=OFF
	@cmake --build $(BUILD) --target tacho tacho-reader

run: build
	@echo
	@echo "==> recording some seconds of work: $(BUILD)/tacho run -- scripts/demo-work"
	@$(BUILD)/tacho run --name demo -- scripts/demo-work
	@echo
	@echo "==> its report: $(BUILD)/tacho report @last"
	@$(BUILD)/tacho report @last
	@echo
	@echo "What to type next:"
	@echo "  $(BUILD)/tacho show @last                       its tables"
	@echo "  $(BUILD)/tacho show @last memory --last 5       rows of one"
	@echo "  $(BUILD)/tacho run -- make -j4                  record your own command"
	@echo "  $(BUILD)/tacho doctor                           what can be recorded here, and what not"
	@echo "  make install                                 then it is just: tacho"

test-build:
	@scripts/setup --tests
	@cmake -G Ninja -S . -B $(BUILD) -DTACHO_TESTS=ON
	@cmake --build $(BUILD)

test: test-build
	@$(CTEST) -j $(TESTS_AT_ONCE) -LE system

test-system: test-build
	@$(CTEST) -L system --verbose

# FUZZ_TARGETS="csv zip" runs these alone.
fuzz:
	@scripts/setup --fuzz
	@tests/fuzz/run $(BUILD)-fuzz

install: build
	@DESTDIR="$(DESTDIR)" cmake --install $(BUILD) --prefix "$(PREFIX)"

# As a package is laid out: below /usr.
package:
	@scripts/setup
	@cmake -G Ninja -S . -B $(BUILD)-package -DTACHO_TESTS=OFF -DCMAKE_INSTALL_PREFIX=/usr > /dev/null
	@cmake --build $(BUILD)-package
	@cd $(BUILD)-package && cpack

bench: test-build
	@bench/run $(BUILD)

clean:
	rm -rf $(BUILD)

.PHONY: test-build
