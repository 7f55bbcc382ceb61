# Syntax for editors: Vim reads a folder on its runtimepath, VS Code a link to the folder among its extensions.

EXTRA_DIST += \
  %D%/README.md \
  %D%/vim/ftdetect/hrm.vim \
  %D%/vim/ftplugin/hrm.vim \
  %D%/vim/syntax/hrm.vim \
  %D%/vscode/language-configuration.json \
  %D%/vscode/package.json \
  %D%/vscode/syntaxes/hrm.tmLanguage.json
