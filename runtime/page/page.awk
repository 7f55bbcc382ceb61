# Turns page.html into C: page_before[] and page_after[], the texts around the data, with every file that it includes;
# -v chart=FILE is the plotting library.

function c_string(line) {
  gsub(/["?\\]/, "\\\\&", line) # ? too, so that no trigraph is read
  return "  \"" line "\\n\""
}

function include(name,   path, line, folder) {
  folder = FILENAME
  sub(/[^\/]*$/, "", folder)
  path = name == "CHART" ? chart : folder name
  while ((getline line < path) > 0) if (line !~ /^\/\/# sourceMappingURL/) print c_string(line)
  close(path)
}

BEGIN {
  print "/* Made from runtime/page by page.awk. */"
  print "extern const char page_before[], page_after[];"
  print "const char page_before[] ="
}

/<!-- include / {
  include($3)
  next
}

/<!-- data -->/ {
  at = index($0, "<!-- data -->")
  head = c_string(substr($0, 1, at - 1))
  sub(/\\n"$/, "\"", head)
  print head "\n  ;"
  print "const char page_after[] ="
  print c_string(substr($0, at + length("<!-- data -->")))
  next
}

{ print c_string($0) }

END { print "  ;" }
