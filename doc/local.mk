dist_man_MANS += %D%/hrm.5
dist_doc_DATA += %D%/equality.md %D%/language.md %D%/repl.md

# What derives from the option tables: lists of the manual pages, and completion for shells.

noinst_PROGRAMS += %D%/pages
%C%_pages_SOURCES = \
  %D%/page_bash.c \
  %D%/page_man.c \
  %D%/page_zsh.c \
  %D%/pages.c \
  %D%/table_data.c \
  %D%/table_hrmc.c \
  %D%/table_model.c \
  %D%/tables.h

man_MANS = %D%/hrmc.1 %D%/hrm-data.1
EXTRA_DIST += %D%/hrmc.1.in %D%/hrm-data.1.in
%D%/hrmc.1: $(srcdir)/%D%/hrmc.1.in %D%/pages$(EXEEXT)
	$(AM_V_GEN)%D%/pages man < $(srcdir)/%D%/hrmc.1.in > $@.tmp && mv $@.tmp $@
%D%/hrm-data.1: $(srcdir)/%D%/hrm-data.1.in %D%/pages$(EXEEXT)
	$(AM_V_GEN)%D%/pages man < $(srcdir)/%D%/hrm-data.1.in > $@.tmp && mv $@.tmp $@

bashdir = $(datadir)/bash-completion/completions
nodist_bash_DATA = %D%/bash/hrmc %D%/bash/hrm-data
$(nodist_bash_DATA): %D%/pages$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && %D%/pages bash $(@F) > $@.tmp && mv $@.tmp $@

zshdir = $(datadir)/zsh/site-functions
nodist_zsh_DATA = %D%/zsh/_hrmc %D%/zsh/_hrm-data
%D%/zsh/_hrmc: %D%/pages$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && %D%/pages zsh hrmc > $@.tmp && mv $@.tmp $@
%D%/zsh/_hrm-data: %D%/pages$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && %D%/pages zsh hrm-data > $@.tmp && mv $@.tmp $@

CLEANFILES += $(man_MANS) $(nodist_bash_DATA) $(nodist_zsh_DATA)
