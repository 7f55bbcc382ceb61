" The language of hierarchical reasoning models.
if exists("b:current_syntax")
  finish
endif

syntax keyword hrmDeclaration import config module model train test
syntax keyword hrmDeclaration fn let var param buffer include input label noise state segment loss act output
syntax keyword hrmStatement return assert require
syntax keyword hrmRepeat for repeat grad last all none checkpoint
syntax keyword hrmConditional if else
syntax keyword hrmOperator and or not in
syntax keyword hrmType int float
syntax keyword hrmReduction sum max min mean
syntax match hrmNumber "\<\d[0-9_]*\(\.\d\+\)\?\([eE][-+]\?\d\+\)\?\>"
syntax match hrmEscape "\\[\"\\n]" contained
syntax region hrmString start=+"+ skip=+\\.+ end=+"+ oneline contains=hrmEscape
syntax match hrmComment "#.*$" contains=@Spell

highlight default link hrmDeclaration Keyword
highlight default link hrmStatement Statement
highlight default link hrmRepeat Repeat
highlight default link hrmConditional Conditional
highlight default link hrmOperator Operator
highlight default link hrmType Type
highlight default link hrmReduction Function
highlight default link hrmNumber Number
highlight default link hrmEscape SpecialChar
highlight default link hrmString String
highlight default link hrmComment Comment

let b:current_syntax = "hrm"
