/* What a mistyped word was meant to be. */
#ifndef HRM_NEAREST_H
#define HRM_NEAREST_H

/* The candidates nearest to a word, nearest first, at most so many and at most `limit` edits away; returns how many.
 * most <= NEAREST_MOST. */
enum { NEAREST_MOST = 8 };
int nearest_words(const char *word, const char *const *candidates, int count, int limit, const char **nearest,
                  int most);

/* The nearest one (a small edit distance), or NULL. */
const char *nearest_word(const char *word, const char *const *candidates, int count);

#endif
