dist_man_MANS += \
  %D%/hrmc.1 \
  %D%/hrm-data.1 \
  %D%/hrm.5
dist_doc_DATA += %D%/language.md
