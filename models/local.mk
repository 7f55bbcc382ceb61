models = \
  %D%/hrm.hrm
modelsdir = $(pkgdatadir)/models
dist_models_DATA = $(models)
