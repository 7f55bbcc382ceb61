models = \
  %D%/hrm.hrm \
  %D%/trm.hrm
modelsdir = $(pkgdatadir)/models
dist_models_DATA = $(models)
