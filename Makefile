# The front door. `make help` lists what there is; CMake does the work underneath.

PREFIX  ?= /usr/local
DESTDIR ?=
ARGS    ?=
JOBS    ?= $(shell nproc)
RELEASE  = build/release
# Quiet unless it fails.
BUILD    = mkdir -p build && { cmake --preset release && cmake --build --preset release -j $(JOBS); } \
           >build/release.log 2>&1 || { cat build/release.log; exit 1; }

.PHONY: all build run demo test test-long bench install uninstall deb docs arduino firmware-check clean help

all: build

build: ## build both programs into build/release/bin
	@tools/need build
	@$(BUILD)

run: ## install what is missing, build, and start the relay: make run ARGS="--port 5001"
	@tools/need build
	@$(BUILD)
	@exec $(RELEASE)/bin/camrelayd $(ARGS)

demo: ## a relay, a second one as its remote, and a camera that sends photos; Ctrl-C ends all
	@tools/need build
	@$(BUILD)
	@exec tools/demo $(RELEASE)/bin $(ARGS)

test: ## everything a change must pass: about ten minutes
	@tools/need build test armhf
	@tools/run_tests $(ARGS)

test-long: ## the same with the long tests and longer fuzzing
	@tools/need build test armhf
	@tools/run_tests --long $(ARGS)

bench: ## measure against peers, side by side
	@tools/need build bench
	@$(BUILD)
	@python3 bench/run.py $(ARGS)
	@$(if $(ARGS),,python3 bench/camera.py)

install: build ## install under PREFIX (/usr/local), with manual pages and the service
	@DESTDIR="$(DESTDIR)" cmake --install $(RELEASE) --prefix "$(PREFIX)"
	@tools/after_install "$(DESTDIR)"

uninstall: ## take away what `make install` put there; settings and photos stay
	@tools/uninstall $(RELEASE)/install_manifest.txt "$(DESTDIR)"

deb: ## build camrelay_VERSION_ARCH.deb into build/deb
	@tools/need build deb
	@tools/make_deb

docs: ## write what is generated from the table of settings: example file, manual page
	@tools/need build test
	@cmake --preset dev >/dev/null && cmake --build --preset dev -j $(JOBS) --target unit_relay_manual
	@MANUAL_UPDATE=1 build/dev/test/unit/relay/unit_relay_manual

arduino: ## pack sketches and libraries for the Arduino IDE into build/arduino
	@tools/arduino_pack build/arduino
	@tools/audio_pack build/arduino-audio

firmware-check: ## build both firmwares for every chip: make firmware-check IDF=/path/to/esp-idf
	@tools/firmware_check $(IDF)

clean: ## forget everything built
	rm -rf build

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
