# Mozilla's root certificates, for systems that have none: taken out of the source of ca-certificates, see roots.awk.
ROOTS_C := $(O)/gen/net/roots.c
$(ROOTS_C): $(FETCHED) vendor/roots.awk
	$(call say,ROOTS,$@)
	$(Q)awk -f vendor/roots.awk $(VSRC)/ca-certificates/mozilla/certdata.txt >$@
