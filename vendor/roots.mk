# Mozilla's root certificates, for systems that have none: taken out of the source of ca-certificates, see roots.awk. As C
# for the program, as the usual bundle for other programs of its image.
ROOTS_C := $(O)/gen/net/roots.c
$(ROOTS_C): $(VSRC)/ca-certificates/.from vendor/roots.awk
	$(call say,ROOTS,$@)
	$(Q)awk -f vendor/roots.awk $(VSRC)/ca-certificates/mozilla/certdata.txt >$@

ROOTS_PEM := $(O)/gen/roots.pem
$(ROOTS_PEM): $(VSRC)/ca-certificates/.from vendor/roots.awk
	$(call say,ROOTS,$@)
	$(Q)awk -f vendor/roots.awk -v pem=1 $(VSRC)/ca-certificates/mozilla/certdata.txt >$@
