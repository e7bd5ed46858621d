# All there is to building; "make help" lists the targets. Output goes below out/ only (O= names another folder).
MAKEFLAGS += -rR
MAKEOVERRIDES :=
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
SHELL := /bin/sh
export LC_ALL := C
export TZ := UTC

VERSION := 0.1.0
O ?= out
HOSTARCH := $(patsubst armv%,armv7,$(shell uname -m))
PLATFORM_x86_64 := linux/amd64
PLATFORM_aarch64 := linux/arm64
PLATFORM_armv7 := linux/arm/v7
arch_of = $(or $(strip $(foreach a,x86_64 aarch64 armv7,$(if $(filter $1,$(PLATFORM_$a)),$a))),$(error unknown platform '$1'))
ARCH ?= $(if $(PLATFORM),$(call arch_of,$(PLATFORM)),$(HOSTARCH))

# ---- what is built ---------------------------------------------------------------------------------------------------

ROOMS := base image ci config dockerfile net registry docker buildkit progress cmd
$(foreach r,$(ROOMS),$(eval SRCS_$r := $(sort $(wildcard src/$r/*.c))))
SRCS := $(foreach r,$(ROOMS),$(SRCS_$r))
STRAY := $(filter-out $(SRCS) src/main.c,$(wildcard src/*.c src/*/*.c src/*/*/*.c))
$(if $(filter file,$(origin ROOMS)),$(if $(STRAY),$(error not in a room of the Makefile: $(STRAY))))

PROTOS := $(sort $(wildcard src/buildkit/proto/*.proto))
PB_C := $(PROTOS:src/%.proto=$(O)/gen/%.pb-c.c)
PB_H := $(PB_C:.c=.h)

TESTS := $(if $(T),$(T:%=tests/unit/%.c),$(sort $(wildcard tests/unit/test_*.c)))
HELPERS := $(filter-out tests/unit/test_%.c,$(sort $(wildcard tests/unit/*.c)))
FUZZERS := $(if $(T),$(T:%=tests/fuzz/%.c),$(sort $(wildcard tests/fuzz/fuzz_*.c)))

VSRC := $(O)/vendor/src
FETCHED := $(O)/vendor/fetched
LIBS := bearssl libyaml nghttp2 protobuf-c jansson libsodium
include $(LIBS:%=vendor/%.mk) vendor/cmocka.mk vendor/roots.mk

# ---- flags -----------------------------------------------------------------------------------------------------------

CROSS_x86_64 := x86_64-linux-gnu-
CROSS_aarch64 := aarch64-linux-gnu-
CROSS_armv7 := arm-linux-gnueabihf-
TUNE_armv7 := -march=armv7-a -mfpu=vfpv3-d16 -mfloat-abi=hard
CROSS := $(or $(CROSS_$(ARCH)),$(error unknown ARCH '$(ARCH)': x86_64, aarch64 or armv7))
TUNE := $(TUNE_$(ARCH))
# DT_RELR, a fifteenth of the program less; binutils 2.40 makes it for this architecture alone
PACK_x86_64 := -Wl,-z,pack-relative-relocs
include vendor/musl.mk

WARN := -Wall -Wextra -Wpedantic -Wconversion -Wno-sign-conversion -Wshadow -Wvla -Walloca -Wmissing-prototypes \
	-Wstrict-prototypes -Wold-style-definition -Wpointer-arith -Wwrite-strings -Wformat=2 -Wundef \
	-Wimplicit-fallthrough -Wnull-dereference $(if $(CI)$(WERROR),-Werror)
# clang blames our files for the casts in protoc-c's initialisers, so that warning is left to gcc
GCC_WARN := -Wcast-qual -Wlogical-op -Wduplicated-cond -Wduplicated-branches
LANGUAGE := -std=gnu11 -funsigned-char -D_GNU_SOURCE
BANNED := $(addprefix -include ,$(wildcard src/base/banned.h))
INC := -Isrc -isystem $(O)/gen $(foreach l,$(LIBS),$($l_INC))
MAPPED := -ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(O)=out -ffile-prefix-map=$(abspath $(O))=out

# A flavour is a folder below $(O): the static musl release of $(ARCH), or "san" with clang, ASan and UBSan on glibc.
# CC_ for everything, OWN_ added for our own files, THEIRS_ for other people's, LD_ for linking, AFTER_ what must exist.
CC_$(ARCH) := $(CROSS)gcc $(TUNE) -specs=$(MUSL_SPECS) -idirafter $(MUSL)/kernel
HARD := -fPIE -fstack-protector-strong -fstack-clash-protection -ftrivial-auto-var-init=zero
SMALL := -Os -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables
OWN_$(ARCH) := $(HARD) $(SMALL) -g $(MAPPED) $(WARN) $(GCC_WARN)
THEIRS_$(ARCH) := $(HARD) $(SMALL) $(MAPPED) -w
LD_$(ARCH) := -static-pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,text,-z,separate-code $(PACK_$(ARCH)) -Wl,--gc-sections -Wl,--build-id=none
AR_$(ARCH) := $(CROSS)ar
AFTER_$(ARCH) := $(MUSL_SPECS)
include vendor/busybox.mk

COVER := -fsanitize-coverage=inline-8bit-counters,pc-table,trace-cmp
CC_san := clang
OWN_san := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all $(COVER) $(WARN)
THEIRS_san := -O1 -g -fno-omit-frame-pointer -fsanitize=address $(COVER) -w
LD_san := -fsanitize=address,undefined
AR_san := ar
AFTER_san := $(FETCHED)

TEST_INC := -Itests/unit $(cmocka_INC)
QEMU_aarch64 := $(if $(filter aarch64,$(HOSTARCH)),,qemu-aarch64-static)
QEMU_armv7 := $(if $(filter armv7,$(HOSTARCH)),,qemu-arm-static)

# What the binary says of itself; without git it is a development build. COMMIT and SOURCE_DATE_EPOCH can be given.
COMMIT ?= $(shell GIT_OPTIONAL_LOCKS=0 git describe --always --dirty --abbrev=40 --exclude='*' 2>/dev/null)
ifeq ($(SOURCE_DATE_EPOCH),)
SOURCE_DATE_EPOCH := $(shell git log -1 --format=%ct 2>/dev/null)
endif
DATE := $(or $(if $(SOURCE_DATE_EPOCH),$(shell date -u -d @$(SOURCE_DATE_EPOCH) +%Y-%m-%dT%H:%M:%SZ)),unknown)
BT_DEFS := $(if $(COMMIT),-DBT_VERSION=\"$(VERSION)\" -DBT_COMMIT=\"$(COMMIT)\" -DBT_DATE=\"$(DATE)\",\
	-DBT_VERSION=\"dev\" -DBT_COMMIT=\"none\" -DBT_DATE=\"unknown\")

Q := $(if $(V),,@)
say = @mkdir -p $(@D) && printf '  %-7s %s\n' '$1' '$2'

# ---- targets ---------------------------------------------------------------------------------------------------------

#: make [ARCH=x86_64|aarch64|armv7]  the static binary, as $(O)/ARCH/buildtools; $(O)/bin is the native folder
#: make tests                        the programs of unit and fuzz, without running them
#: make unit [T=test_x]              every unit test: with sanitizers, and as the static build
#: make unit-san [T=test_x]          only with sanitizers
#: make unit-arch ARCH=aarch64       the static build's unit tests of another architecture, under qemu
#: make fuzz [T=fuzz_x]              corpus replay and FUZZ_SECONDS (5) of fuzzing for each parser
#: make lint, make format            every static check; clang-format in place
#: make bench                        beside buildctl and buildx, with a real BuildKit daemon; BENCH="--runs 3 --only first"
#: make check-binary, make repro     is it static-pie and hardened; does a second build give the same bytes
#: make image [PLATFORMS=a,b]        the images IMAGE:tool and IMAGE:job, for linux/amd64, linux/arm64, linux/arm/v7
#: make rootfs [ARCH=aarch64]        only what they contain, below $(O)/rootfs
#: make release                      archives, images, checksums and bill of materials, in $(O)/release; IMAGES= is quicker
#: make clean, make distclean        built files; downloaded ones too
#: ROOMS="base net"                  only these rooms of src/, while others are in pieces (with an O= of its own)
#: V=1 shows commands, WERROR=1 stops at warnings, O=folder builds elsewhere, VENDOR_DIR=folder needs no network
.PHONY: all tests unit unit-san unit-arch fuzz lint format check-binary repro release image rootfs vendored bench clean distclean help FORCE
B := $(O)/$(ARCH)
NATIVE := $(if $(filter $(ARCH),$(HOSTARCH)),$(O)/bin)

# A file that is only touched when its text changes: flags, source lists and the version take part in the dependencies.
keep = @mkdir -p $(@D) && printf '%s\n' '$1' | cmp -s - $@ || printf '%s\n' '$1' >$@

# 1 flavour, 2 library
define library
$(O)/$1/$2/%.o: $(VSRC)/$2/.from vendor/$2.mk $(O)/$1/libflags | $(AFTER_$1)
	$$(call say,CC,$$@)
	$$(Q)$(CC_$1) $(LANGUAGE) $(THEIRS_$1) $($2_CFLAGS) -c -o $$@ $(VSRC)/$2/$($2_DIR)/$$*.c
$(O)/$1/$2.a: $(sort $($2_SRCS:%=$(O)/$1/$2/%.o))
endef

# 1 flavour
define flavour
$(foreach l,$(LIBS) cmocka,$(eval $(call library,$1,$l)))
OBJS_$1 := $(SRCS:%.c=$(O)/$1/%.o) $(patsubst $(O)/%.c,$(O)/$1/%.o,$(PB_C) $(ROOTS_C))
LIBS_$1 := $(O)/$1/libbuildtools.a $(LIBS:%=$(O)/$1/%.a)
UNIT_$1 := $(TESTS:tests/%.c=$(O)/$1/%)
FLAGS_$1 := $(filter-out -Werror,$(CC_$1) $(LANGUAGE) $(OWN_$1) $(INC) $(LD_$1) $(CFLAGS) $(LDFLAGS))
LIBFLAGS_$1 := $(CC_$1) $(LANGUAGE) $(THEIRS_$1)
$(O)/$1/flags: FORCE
	$$(call keep,$$(FLAGS_$1))
$(O)/$1/libflags: FORCE
	$$(call keep,$$(LIBFLAGS_$1))
$(O)/$1/sources: FORCE
	$$(call keep,$(SRCS) $(PROTOS))
$(O)/$1/src/%.o: src/%.c $(O)/$1/flags | $(AFTER_$1) $(PB_H)
	$$(call say,CC,$$@)
	$$(Q)$(CC_$1) $(LANGUAGE) $(OWN_$1) $(BANNED) $(INC) $$(DEFS) $(CFLAGS) -MD -MP -c -o $$@ $$<
$(O)/$1/src/cmd/version.o: DEFS := $(BT_DEFS)
$(O)/$1/src/cmd/version.o: $(O)/version
$(O)/$1/gen/%.o: $(O)/gen/%.c $(O)/$1/flags | $(AFTER_$1) $(PB_H)
	$$(call say,CC,$$@)
	$$(Q)$(CC_$1) $(LANGUAGE) $(OWN_$1) -w $(INC) $(CFLAGS) -MD -MP -c -o $$@ $$<
$(O)/$1/tests/%.o: tests/%.c $(O)/$1/flags | $(AFTER_$1) $(PB_H)
	$$(call say,CC,$$@)
	$$(Q)$(CC_$1) $(LANGUAGE) $(OWN_$1) $(INC) $(TEST_INC) $$(DEFS) $(CFLAGS) -MD -MP -c -o $$@ $$<
$(O)/$1/libbuildtools.a: $(O)/$1/sources $$(OBJS_$1)
$(O)/$1/%.a:
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@.new && $(AR_$1) rcsD $$@.new $$(sort $$(filter %.o,$$^)) && mv $$@.new $$@
$(O)/$1/unit/%: $(O)/$1/tests/unit/%.o $(HELPERS:%.c=$(O)/$1/%.o) $$(LIBS_$1) $(O)/$1/cmocka.a
	$$(call say,LD,$$@)
	$$(Q)$(CC_$1) $(LD_$1) $(LDFLAGS) -o $$@ $$(filter %.o %.a,$$^)
-include $(patsubst %.c,$(O)/$1/%.d,$(SRCS) src/main.c $(TESTS) $(HELPERS) $(FUZZERS))
endef
$(foreach f,$(ARCH) san,$(eval $(call flavour,$f)))

all: $(B)/buildtools $(B)/build $(B)/push $(NATIVE)

$(B)/buildtools.debug: $(B)/src/main.o $(LIBS_$(ARCH))
	$(call say,LD,$@)
	$(Q)$(CC_$(ARCH)) $(LD_$(ARCH)) $(LDFLAGS) -o $@ $^
$(B)/buildtools: $(B)/buildtools.debug
	$(call say,STRIP,$@)
	$(Q)$(CROSS)objcopy --strip-all $< $@
$(B)/build $(B)/push: $(B)/buildtools
	$(Q)ln -sf buildtools $@
$(O)/bin: | $(B)/buildtools
	$(Q)ln -sfn $(ARCH) $@

$(FETCHED): vendor/lock | vendor/fetch
	$(Q)vendor/fetch $(O) && { cmp -s vendor/lock $@ || cp vendor/lock $@; }
# touched only when the sources of that name were unpacked anew
$(VSRC)/%/.from: $(FETCHED) ;
$(O)/version: FORCE
	$(call keep,$(BT_DEFS))
$(PB_C) $(PB_H) &: $(PROTOS)
	$(call say,PROTOC,$(PROTOS))
	$(Q)mkdir -p $(O)/gen && protoc-c --proto_path=src --c_out=$(O)/gen $(PROTOS)

tests: $(UNIT_san) $(UNIT_$(ARCH)) $(FUZZERS:tests/%.c=$(O)/san/%)
unit: $(UNIT_san) $(UNIT_$(ARCH))
	@ci/run-unit $^
unit-san: $(UNIT_san)
	@ci/run-unit $^
unit-arch: $(UNIT_$(ARCH))
	@RUNNER=$(QEMU_$(ARCH)) ci/run-unit $^

$(O)/san/tests/fuzz/%.o: DEFS := -Wno-missing-prototypes
$(O)/san/fuzz/%: $(O)/san/tests/fuzz/%.o $(LIBS_san)
	$(call say,LD,$@)
	$(Q)$(CC_san) $(LD_san) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^
FUZZ_SECONDS ?= 5
fuzz: $(FUZZERS:tests/%.c=$(O)/san/%)
	@ci/run-fuzz $(FUZZ_SECONDS) $^

# Static checks; a stamp per file keeps a second run short. gcc compiles against glibc here, clang warns through clang-tidy.
L := $(O)/lint
HEADERS := $(sort $(wildcard src/*/*.h tests/*/*.h))
INCLUDED := $(HEADERS) $(wildcard src/*/*.inc tests/*/*.inc)
LINTED := $(SRCS) src/main.c $(TESTS) $(HELPERS) $(FUZZERS)
LINT_FLAGS := $(LANGUAGE) $(WARN) $(INC) $(TEST_INC) $(BT_DEFS)
$(L)/tests/fuzz/%: LINT_FLAGS += -Wno-missing-prototypes
$(L)/%.o: %.c $(INCLUDED) | $(FETCHED) $(PB_H)
	$(call say,GCC,$<)
	$(Q)gcc -O2 $(if $(filter src/%,$<),$(BANNED)) $(LINT_FLAGS) $(GCC_WARN) -Werror -c -o $@ $<
$(L)/%.tidy: %.c $(INCLUDED) .clang-tidy | $(FETCHED) $(PB_H)
	$(call say,TIDY,$<)
	$(Q)clang-tidy --quiet $< -- $(LINT_FLAGS) >$@ 2>&1 || { grep -v 'warnings* generated' $@; exit 1; }
$(L)/%.h.ok: %.h $(INCLUDED) | $(FETCHED) $(PB_H)
	$(call say,HEADER,$<)
	$(Q)gcc -fsyntax-only $(LINT_FLAGS) -Werror -x c $< && touch $@
LINT_SCRIPTS := lint-includes lint-limits lint-shell
$(LINT_SCRIPTS): lint-%:
	@ci/check-$*
lint-man:
	@cd man && mandoc -T lint -W style *.[157]
lint-format:
	@clang-format --dry-run -Werror $(LINTED) $(HEADERS)
.PHONY: $(LINT_SCRIPTS) lint-man lint-format
lint: $(LINT_SCRIPTS) lint-man lint-format $(LINTED:%.c=$(L)/%.o) $(LINTED:%.c=$(L)/%.tidy) $(HEADERS:%=$(L)/%.ok)
format:
	clang-format -i $(LINTED) $(HEADERS)

check-binary: $(B)/buildtools
	@ci/check-binary $<
repro: $(B)/buildtools
	@ci/repro $< ARCH=$(ARCH) COMMIT=$(COMMIT) SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH)

# Images, as our own build names them: IMAGE:job and IMAGE:tool, and IMAGE with the tags of the commit for the latter. An
# inline cache would spare nothing, and gives every build another digest.
IMAGE ?= buildtools
PLATFORMS ?= $(PLATFORM_$(HOSTARCH))
ROOTFS ?= $(O)/rootfs/$(PLATFORM_$(ARCH))
comma := ,
vendored: $(LIBS:%=$(B)/%.a) $(BUSYBOX)/busybox
rootfs: $(B)/buildtools $(BUSYBOX)/busybox $(ROOTS_PEM)
	$(call say,ROOTFS,$(ROOTFS))
	$(Q)SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) ci/rootfs $(ROOTFS) $(B) $(VSRC) $(ROOTS_PEM)
image:
	@$(MAKE) ARCH=$(HOSTARCH) all
	@for a in $(foreach p,$(subst $(comma), ,$(PLATFORMS)),$(call arch_of,$p)); do $(MAKE) ARCH=$$a rootfs || exit 1; done
	IMAGE_NAME=$(IMAGE) SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) $(O)/bin/build -f Dockerfile.rootfs --platform $(PLATFORMS) \
		--build-arg BUILDKIT_INLINE_CACHE=0 $(BUILD_FLAGS)

# IMAGES= leaves the images out, which need busybox for every architecture
RELEASED := x86_64 aarch64 armv7
IMAGES ?= tool job
release:
	@for a in $(RELEASED); do $(MAKE) ARCH=$$a O=$(O) COMMIT=$(COMMIT) SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) \
		all check-binary $(if $(IMAGES),rootfs) || exit 1; done
	@IMAGES="$(IMAGES)" ci/release $(O) $(VERSION) "$(COMMIT)" "$(SOURCE_DATE_EPOCH)" $(RELEASED)

bench: all
	tests/bench/bench.sh $(BENCH)
	tests/bench/start.sh

clean:
	rm -rf $(filter-out $(O)/vendor,$(wildcard $(O)/*))
distclean:
	rm -rf $(O)
help:
	@sed -n 's/^#: //p' Makefile
FORCE:
