# Turns compiler/explanations.md into C: a table of codes and texts.  A "## CODE" line begins an explanation; its examples
# are indented in place of their fences.

function c_string(line) {
  gsub(/["?\\]/, "\\\\&", line) # ? too, so that no trigraph is read
  return "   \"" line "\\n\""
}

BEGIN {
  print "/* Made from compiler/explanations.md by compiler/explain.awk. */"
  print "#include \"compiler/explain.h\""
  print ""
  print "#include <stddef.h>"
  print "#include <string.h>"
  print ""
  print "static const struct {"
  print "  const char *code, *text;"
  print "} explanations[] = {"
}

/^## / {
  if (code) print "  },"
  code = $2
  blanks = 0
  begun = 0
  print "  {\"" code "\","
  next
}

!code { next }

/^```/ { in_example = $0 != "```"; next }

/^$/ && !in_example { blanks++; next }

{
  if (blanks && begun) print c_string("")
  blanks = 0
  begun = 1
  print c_string((in_example ? "    " : "") $0)
}

END {
  if (code) print "  },"
  print "};"
  print ""
  print "const char *explanation(const char *code) {"
  print "  for (size_t i = 0; i < sizeof explanations / sizeof *explanations; i++)"
  print "    if (!strcmp(explanations[i].code, code)) return explanations[i].text;"
  print "  return NULL;"
  print "}"
}
