# The library in the language; compiler/local.mk embeds it in hrmc.

stdlib_modules = \
  %D%/act.hrm \
  %D%/nn.hrm \
  %D%/prelude.hrm
EXTRA_DIST += $(stdlib_modules)
