# Benchmarks are run by hand (%D%/README.md); they are no tests.

EXTRA_DIST += %D%/README.md %D%/hrm_torch.py %D%/trm_torch.py %D%/run %D%/data
