#include "runtime/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { LONGEST_WORD = 63 };

static int smallest(int a, int b, int c) {
  int least = a < b ? a : b;
  return least < c ? least : c;
}

/* The edit distance with transpositions of neighbours; case does not count. */
static int edit_distance(const char *a, const char *b) {
  int rows[3][LONGEST_WORD + 1];
  int *before = rows[0], *last = rows[1], *row = rows[2];
  int width = (int)strlen(b);
  for (int j = 0; j <= width; j++) last[j] = j;
  for (int i = 1; a[i - 1]; i++) {
    row[0] = i;
    for (int j = 1; j <= width; j++) {
      int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);
      row[j] = smallest(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y));
      bool swapped = i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) && y == tolower((unsigned char)a[i - 2]);
      if (swapped && before[j - 2] + 1 < row[j]) row[j] = before[j - 2] + 1;
    }
    int *oldest = before;
    before = last;
    last = row;
    row = oldest;
  }
  return last[width];
}

int nearest_words(const char *word, const char *const *candidates, int count, int limit, const char **nearest,
                  int most) {
  int distances[NEAREST_MOST + 1], found = 0;
  if (strlen(word) > LONGEST_WORD) return 0;
  for (int i = 0; i < count; i++) {
    if (strlen(candidates[i]) > LONGEST_WORD || !strcmp(word, candidates[i])) continue;
    int distance = edit_distance(word, candidates[i]), at = found;
    if (distance > limit) continue;
    for (; at > 0 && distances[at - 1] > distance; at--) {
      distances[at] = distances[at - 1];
      if (at < most) nearest[at] = nearest[at - 1];
    }
    distances[at] = distance;
    if (at < most) nearest[at] = candidates[i];
    if (found < most) found++;
  }
  return found;
}

const char *nearest_word(const char *word, const char *const *candidates, int count) {
  const char *nearest;
  return nearest_words(word, candidates, count, (int)strlen(word) / 3, &nearest, 1) ? nearest : NULL;
}
