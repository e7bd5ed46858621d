# musl: the C library of the release, built from its own makefile with the compiler of $(ARCH). Its specs file turns that
# compiler into one for musl. Kernel headers are reached through a folder of three links, so that no glibc header leaks in.
musl_target_x86_64 := x86_64-linux-musl
musl_target_aarch64 := aarch64-linux-musl
musl_target_armv7 := armv7-linux-musleabihf

MUSL := $(abspath $(O)/$(ARCH)/musl)
MUSL_SPECS := $(MUSL)/lib/musl.specs

$(MUSL_SPECS): $(VSRC)/musl/.from
	$(call say,MUSL,$(ARCH))
	$(Q)command -v $(CROSS)gcc >/dev/null || { echo "$(CROSS)gcc is missing, see ci/packages" >&2; exit 1; }
	$(Q)rm -rf $(MUSL) && mkdir -p $(MUSL)/obj $(MUSL)/kernel
	$(Q)cd $(MUSL)/obj && { CROSS_COMPILE=$(CROSS) CC="$(CROSS)gcc $(TUNE)" \
		CFLAGS="-Os -ffunction-sections -fdata-sections -ffile-prefix-map=$(abspath $(VSRC))=vendor" \
		$(abspath $(VSRC))/musl/configure --target=$(musl_target_$(ARCH)) --prefix=$(MUSL) \
		--enable-optimize=internal,malloc,string --disable-shared --disable-wrapper && \
		$(MAKE) && $(MAKE) install; } >../musl.log 2>&1 || { tail -n 20 $(MUSL)/../musl.log >&2; exit 1; }
	$(Q)for d in linux asm asm-generic; do \
		f=$$(printf '#include <%s/types.h>\n' $$d | $(CROSS)gcc -E -x c - | \
		sed -n 's|^# [0-9]* "\(/.*/'$$d'\)/types\.h".*|\1|p' | head -n 1); \
		ln -s "$$f" $(MUSL)/kernel/$$d || exit 1; done
	$(Q)sh $(VSRC)/musl/tools/musl-gcc.specs.sh $(MUSL)/include $(MUSL)/lib /lib/none >$@
	$(Q)rm -rf $(MUSL)/obj
