# Turns a text into C: const char NAME[], NAME being given by -v name=NAME.

BEGIN {
  print "/* Made by compiler/text.awk. */"
  print "extern const char " name "[];"
  print "const char " name "[] ="
}

{
  gsub(/["?\\]/, "\\\\&") # ? too, so that no trigraph is read
  print "  \"" $0 "\\n\""
}

END { print "  ;" }
