# The only build file. Programs land in build/$(VARIANT)/bin.
#
#   make [VARIANT=release|debug|san|tsan]   all programs
#   make check check-sys sim disaster fuzz bench lint fmt-check coverage
#   make install DESTDIR= PREFIX=/usr/local
#
# A new .c file needs no line here: common/ and proto/ go into one library,
# each cmd/ folder into a library of its own beside its main.c and ctl.c, and
# each tests/*/test_*.c, sim_*.c, fuzz_*.c and bench_*.c becomes a program.

VARIANT ?= release
ifeq ($(origin CC),default)
CC      := gcc
endif
PREFIX  ?= /usr/local
DESTDIR ?=
SECONDS ?= 60
V       := build/$(VARIANT)

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wcast-qual -Wold-style-definition \
	-Wpointer-arith -Wundef -Wvla -Wformat=2 -Wimplicit-fallthrough \
	-Wswitch-enum -Werror
SAN  := -fsanitize=address,undefined -fno-sanitize-recover=all

CFLAGS_release  := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong \
	-fstack-clash-protection -fPIE
LDFLAGS_release := -pie -Wl,-z,relro,-z,now
CFLAGS_debug    := -O0 -g
CFLAGS_san      := -O1 -g -fno-omit-frame-pointer $(SAN)
LDFLAGS_san     := $(SAN)
CFLAGS_tsan     := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
LDFLAGS_tsan    := -fsanitize=thread
# Sanitized too: what is counted need not run twice.
CFLAGS_cov      := -O0 -g -fno-omit-frame-pointer $(SAN) --coverage
LDFLAGS_cov     := $(LDFLAGS_san) --coverage
# -O0 is built in a third of the time and runs half as fast.
FUZZ_OPT        ?= -O1
CFLAGS_fuzz     := $(FUZZ_OPT) -g -fno-omit-frame-pointer $(SAN) -fsanitize=fuzzer-no-link
LDFLAGS_fuzz    := $(SAN)
# Planted bugs live behind these switches; only the simulators build them.
CFLAGS_plant    := -O2 -g -DRAFT_PLANT -DPOOL_PLANTS -DSCHED_PLANTS

CPPFLAGS += -D_GNU_SOURCE -I. -MMD -MP
CFLAGS   += -std=c11 $(WARN) $(CFLAGS_$(VARIANT)) -pthread
LDFLAGS  += $(LDFLAGS_$(VARIANT)) -pthread -Wl,--as-needed
LDLIBS   += -levent_core -levent_extra -levent_pthreads -lnng -lyajl -lyaml \
	-lconfig -lhttp_parser -llmdb -lpcre2-8 -lssl -lcrypto -lcrypt -lm

# --- what there is to build ---

LIB_SRC  := $(wildcard common/*.c common/*/*.c proto/*.c)
CMDS     := $(notdir $(patsubst %/,%,$(wildcard cmd/*/)))
CMD_SRC  := $(filter-out %/main.c %/ctl.c,$(wildcard cmd/*/*.c))
# The name of a daemon's control program.
ctl_of    = $(or $(ctl_$1),$1ctl)
ctl_schedd    := schedctl
ctl_nodeagent := nodectl
ctl_gossipd   := gossipctl
ctl_metricsd  := metricsctl
ctl_lbd       := lbctl

LIBROVE  := $(V)/libbase.a
CMDLIBS  := $(patsubst %,$(V)/lib%.a,$(CMDS))
BINS     := $(patsubst cmd/%/main.c,$(V)/bin/%,$(wildcard cmd/*/main.c)) \
	$(foreach d,$(patsubst cmd/%/ctl.c,%,$(wildcard cmd/*/ctl.c)),$(V)/bin/$(call ctl_of,$d))
TESTLIB  := $(patsubst %.c,$(V)/obj/%.o,$(wildcard tests/lib/*.c))
UNIT     := $(patsubst tests/%.c,$(V)/tests/%,$(wildcard tests/unit/test_*.c tests/wire/test_*.c tests/vectors/test_*.c))
# What the simulators share: the other files of tests/sim.
SIMLIB   := $(V)/libsim.a
SIM_SRC  := $(filter-out tests/sim/sim_%.c,$(wildcard tests/sim/*.c))
SIMS     := $(patsubst tests/%.c,$(V)/tests/%,$(wildcard tests/sim/sim_*.c))
FUZZERS  := $(patsubst tests/%.c,build/fuzz/tests/%,$(wildcard tests/fuzz/fuzz_*.c))
# What the disasters use: programs, and what is put before libc.
DISASTERS := $(patsubst tests/%.c,$(V)/tests/%,$(filter-out %/preload.c,$(wildcard tests/disaster/*.c))) \
	$(V)/tests/disaster/preload.so
# A server as it was before there were levels; what knows of them is built anew.
LEVEL1   := $(V)/tests/level1/schedd
LEVEL1_O := $(patsubst %.c,$(V)/level1/%.o,$(shell grep -l ROVE_FEATURE_LEVEL cmd/schedd/*.c))
BENCHES  := $(patsubst tests/%.c,$(V)/tests/%,$(wildcard tests/bench/*.c))

.DEFAULT_GOAL := all
.PHONY: all check check-sys sim fuzz fuzz-build bench lint analyze fmt \
	fmt-check coverage golden install clean unit-build bench-build sim-build \
	disaster disaster-build

all: $(BINS)

$(V)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(LIBROVE): $(LIB_SRC:%.c=$(V)/obj/%.o)
	@rm -f $@
	$(AR) rcs $@ $^

# One library for each folder of cmd/, without its main.c and ctl.c.
define cmd_rules
$(V)/lib$1.a: $(patsubst %.c,$(V)/obj/%.o,$(filter cmd/$1/%,$(CMD_SRC)))
	@rm -f $$@
	$$(AR) rcs $$@ $$^
$(V)/bin/$1: $(V)/obj/cmd/$1/main.o $(V)/lib$1.a $(LIBROVE)
	@mkdir -p $$(@D)
	$$(CC) $$(LDFLAGS) -o $$@ $$^ $$(LDLIBS)
ifneq ($$(wildcard cmd/$1/ctl.c),)
$(V)/bin/$(call ctl_of,$1): $(V)/obj/cmd/$1/ctl.o $(V)/lib$1.a $(LIBROVE)
	@mkdir -p $$(@D)
	$$(CC) $$(LDFLAGS) -o $$@ $$^ $$(LDLIBS)
endif
endef
$(foreach c,$(CMDS),$(eval $(call cmd_rules,$c)))

# Tests may use every library; only what they name is linked in.
$(V)/tests/%: $(V)/obj/tests/%.o $(TESTLIB) $(CMDLIBS) $(LIBROVE)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $< $(TESTLIB) -Wl,--start-group $(CMDLIBS) \
	    $(LIBROVE) -Wl,--end-group $(LDLIBS) $(TESTLIBS)
$(V)/tests/%: TESTLIBS := $(shell pkg-config --libs check) -lmsgpackc

$(SIMLIB): $(SIM_SRC:%.c=$(V)/obj/%.o)
	@rm -f $@
	$(AR) rcs $@ $^
# Of the tests' own library only what a program names is linked in.
$(V)/libtests.a: $(TESTLIB)
	@rm -f $@
	$(AR) rcs $@ $^
$(V)/tests/sim/%: $(V)/obj/tests/sim/%.o $(SIMLIB) $(V)/libtests.a $(CMDLIBS) $(LIBROVE)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(SIMLIB) $(V)/libtests.a \
	    $(CMDLIBS) $(LIBROVE) -Wl,--end-group $(LDLIBS)

$(V)/tests/disaster/%: $(V)/obj/tests/disaster/%.o $(V)/libtests.a $(CMDLIBS) $(LIBROVE)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(V)/libtests.a \
	    $(CMDLIBS) $(LIBROVE) -Wl,--end-group $(LDLIBS)
$(V)/tests/disaster/preload.so: tests/disaster/preload.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -std=c11 $(WARN) -O2 -g -fPIC -shared -o $@ $< -ldl

$(V)/level1/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -DROVE_FEATURE_LEVEL=1 $(CFLAGS) -c -o $@ $<
$(LEVEL1): $(V)/obj/cmd/schedd/main.o $(LEVEL1_O) $(V)/libschedd.a $(LIBROVE)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

.SECONDARY:
unit-build: $(UNIT)
bench-build: $(BENCHES)
sim-build: $(SIMS)

check: all unit-build
	tests/lib/run-unit $(V)

check-sys: all disaster-build $(LEVEL1)
	tests/sys/run $(V)

disaster-build: $(DISASTERS)
disaster: all disaster-build
	tests/disaster/run $(V)

sim:
	$(MAKE) VARIANT=release sim-build
	$(MAKE) VARIANT=plant sim-build
	tests/sim/run $(SECONDS)

# With the programs, so that clang sees them too.
fuzz-build:
	$(MAKE) VARIANT=fuzz CC=clang-14 all $(FUZZERS)

build/fuzz/tests/fuzz/%: build/fuzz/obj/tests/fuzz/%.o build/fuzz/libtests.a $(CMDLIBS) $(LIBROVE)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< -Wl,--start-group \
	    build/fuzz/libtests.a $(CMDLIBS) $(LIBROVE) -Wl,--end-group $(LDLIBS)

fuzz: fuzz-build
	tests/fuzz/run $(SECONDS)

bench: all bench-build
	tests/bench/run $(V)

C_FILES = $(shell git ls-files '*.c' '*.h')
fmt:
	clang-format-14 -i $(C_FILES)
fmt-check:
	clang-format-14 --dry-run -Werror $(C_FILES)

lint:
	$(MAKE) -k -j2 analyze
	tests/lib/lint

# The analyzer's own choice of checks, without those that do not know that
# xmalloc() never fails; -O1 lets it see through helpers.
ANALYZED := $(patsubst %.c,build/analyze/%.ok,$(wildcard cmd/*/*.c common/*.c common/*/*.c proto/*.c))
ANALYZE  := -O1 -fanalyzer -Wno-analyzer-malloc-leak \
	-Wno-analyzer-use-of-uninitialized-value \
	-Wno-analyzer-null-dereference -Wno-analyzer-possible-null-dereference \
	-Wno-analyzer-possible-null-argument -Wno-analyzer-null-argument -Werror
# A busy link is not freed, which the analyzer forgets at the next call.
build/analyze/common/http/link.ok: ANALYZE += -Wno-analyzer-use-after-free
analyze: $(ANALYZED)
build/analyze/%.ok: %.c
	@mkdir -p $(@D)
	timeout 120 gcc -std=c11 $(CPPFLAGS) $(ANALYZE) -c -MF $(@:.ok=.d) -MT $@ \
	    -o /dev/null $<
	@touch $@

coverage:
	$(MAKE) VARIANT=cov check
	tests/lib/coverage build/cov

golden:
	GOLDEN=rewrite $(MAKE) check

install: all
	scripts/install $(V) "$(DESTDIR)" "$(PREFIX)"

clean:
	rm -rf build

-include $(shell find $(V)/obj $(V)/level1 build/analyze -name '*.d' 2>/dev/null)
