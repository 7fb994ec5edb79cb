/* blob NAME, FILE: a file in flash, NAME of NAME_bytes bytes. */
.macro blob name, file
  .section .\name, "a"
  .balign 8
  .global \name, \name\()_bytes
\name :
  .incbin "\file"
1:
  .balign 4
\name\()_bytes :
  .word 1b - \name
.endm
