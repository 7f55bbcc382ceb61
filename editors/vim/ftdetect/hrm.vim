autocmd BufNewFile,BufRead *.hrm setfiletype hrm
