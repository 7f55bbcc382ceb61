# Benchmarks are run by hand (%D%/README.md); they are no tests.

EXTRA_PROGRAMS += %D%/peak
%C%_peak_SOURCES = %D%/peak.c
%C%_peak_CFLAGS = $(AM_CFLAGS) -march=native -ffp-contract=fast
%C%_peak_LDADD = -lpthread
CLEANFILES += $(EXTRA_PROGRAMS)
EXTRA_DIST += %D%/README.md %D%/hrm_torch.py %D%/trm_torch.py %D%/run
