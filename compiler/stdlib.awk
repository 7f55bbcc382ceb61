# Turns stdlib/*.hrm into C: a table of module names and texts, in the order of the arguments.

function c_string(line) {
  gsub(/["?\\]/, "\\\\&", line) # ? too, so that no trigraph is read
  return "   \"" line "\\n\""
}

BEGIN {
  print "/* Made from stdlib/ by compiler/stdlib.awk. */"
  print "#include \"compiler/library.h\""
  print ""
  print "#include <stddef.h>"
  print "#include <string.h>"
  print ""
  print "static const struct {"
  print "  const char *name, *text;"
  print "} modules[] = {"
}

FNR == 1 {
  if (NR > 1) print "  },"
  name = FILENAME
  sub(/.*\//, "", name)
  sub(/\.hrm$/, "", name)
  print "  {\"" name "\","
}

{ print c_string($0) }

END {
  if (NR > 0) print "  },"
  print "};"
  print ""
  print "const char *stdlib_text(const char *name) {"
  print "  for (size_t i = 0; i < sizeof modules / sizeof modules[0]; i++) {"
  print "    if (strcmp(modules[i].name, name) == 0) return modules[i].text;"
  print "  }"
  print "  return NULL;"
  print "}"
  print ""
  print "const char *stdlib_name(int number) {"
  print "  size_t count = sizeof modules / sizeof modules[0];"
  print "  return number >= 0 && (size_t)number < count ? modules[number].name : NULL;"
  print "}"
}
