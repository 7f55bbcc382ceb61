models = \
  %D%/hrm.hrm \
  %D%/levels.hrm \
  %D%/recurrent.hrm \
  %D%/transformer.hrm \
  %D%/trm.hrm \
  %D%/universal.hrm
modelsdir = $(pkgdatadir)/models
dist_models_DATA = $(models)
