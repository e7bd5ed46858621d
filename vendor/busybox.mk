# busybox: the shell of the image "job", a program beside ours that shares nothing with it. Its own makefiles build it, with
# our compiler and C library. config/busybox names what is on, the first half of the recipe turns everything else off.
BUSYBOX := $(abspath $(O)/$(ARCH)/busybox)
BUSYBOX_MAKE = $(MAKE) -C $(VSRC)/busybox O=$(BUSYBOX) V= CROSS_COMPILE=$(CROSS) HOSTCC=gcc SKIP_STRIP=n \
	CC='$(CC_$(ARCH))' CONFIG_EXTRA_CFLAGS='$(THEIRS_$(ARCH))' CFLAGS_busybox='$(LD_$(ARCH))'

$(BUSYBOX)/busybox: export KCONFIG_NOTIMESTAMP := 1
$(BUSYBOX)/busybox: $(VSRC)/busybox/.from vendor/busybox.mk vendor/config/busybox $(O)/$(ARCH)/libflags | $(AFTER_$(ARCH))
	$(call say,BUSYBOX,$(ARCH))
	$(Q)rm -rf $(BUSYBOX) && mkdir -p $(BUSYBOX)
	$(Q){ $(BUSYBOX_MAKE) gen_build_files && \
		awk '/^CONFIG_/ { print; sub(/=.*/, ""); on[$$0] = 1 } \
			/^config / && !(("CONFIG_" $$2) in on) { print "# CONFIG_" $$2 " is not set" }' vendor/config/busybox \
			$$(find $(VSRC)/busybox $(BUSYBOX) -name Config.in) >$(BUSYBOX)/.config && \
		yes '' | $(BUSYBOX_MAKE) oldconfig && $(BUSYBOX_MAKE) busybox busybox.links; \
	} >$(BUSYBOX)/log 2>&1 || { tail -n 20 $(BUSYBOX)/log >&2; exit 1; }
	$(Q)! grep '^CONFIG_' vendor/config/busybox | grep -vxFf $(BUSYBOX)/.config || \
		{ echo "busybox does not know what it is to have" >&2; rm -f $@; exit 1; }
