#include "tests/fuzz/mutate.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct draws {
  uint64_t state;
};

/* Knuth's MMIX generator; the upper bits are good enough to choose places in a text. */
static size_t below(struct draws *d, size_t bound) {
  d->state = d->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return bound ? (size_t)(d->state >> 33) % bound : 0;
}

struct text {
  const char *bytes;
  size_t length;
};

struct range {
  size_t begin, end;
};

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

/* The token around a place: a word, a run of blanks, or one other character. */
static struct range token_at(struct text t, size_t place) {
  struct range r = {place, place};
  if (place == t.length) return r;
  bool word = is_word(t.bytes[place]);
  r.end++;
  while (word && r.begin > 0 && is_word(t.bytes[r.begin - 1])) r.begin--;
  while (word && r.end < t.length && is_word(t.bytes[r.end])) r.end++;
  return r;
}

/* The line around a place, its end included. */
static struct range line_at(struct text t, size_t place) {
  struct range r = {place, place};
  while (r.begin > 0 && t.bytes[r.begin - 1] != '\n') r.begin--;
  while (r.end < t.length && t.bytes[r.end] != '\n') r.end++;
  if (r.end < t.length) r.end++;
  return r;
}

typedef struct range piece_at(struct text, size_t);

/* A piece, or one to four lines. */
static struct range choose(struct draws *d, struct text t, piece_at *piece) {
  struct range r = piece(t, below(d, t.length));
  size_t more = piece == line_at ? below(d, 4) : 0;
  while (more-- > 0 && r.end < t.length) r.end = line_at(t, r.end).end;
  return r;
}

/* Puts `insert` in place of a range; too long a result leaves the text as it is. */
static size_t replace(char *text, size_t length, size_t room, struct range at, struct text insert) {
  size_t kept = length - (at.end - at.begin);
  if (insert.length > room || kept > room - insert.length) return length;
  char *copy = malloc(insert.length + 1);
  if (!copy) return length;
  memcpy(copy, insert.bytes, insert.length);
  memmove(text + at.begin + insert.length, text + at.end, length - at.end);
  memcpy(text + at.begin, copy, insert.length);
  free(copy);
  return kept + insert.length;
}

static struct text part(struct text t, struct range r) { return (struct text){t.bytes + r.begin, r.end - r.begin}; }

/* What mistakes are made of. */
static struct text telling_word(struct draws *d) {
  static const char *const words[] = {"0",       "1",
                                      "-1",      "2",
                                      "1e30",    "2147483648",
                                      "1e-5",    "0.5",
                                      "7",       "16",
                                      "1000000", "x",
                                      "self",    "[]",
                                      "(",       ")",
                                      "]",       "9223372036854775807",
                                      "{",       "}",
                                      "sum[i]",  ",",
                                      ":",       "\"",
                                      "\n",      " = ",
                                      "not ",    " if 1 else 2",
                                      "[0]",     "[1:]",
                                      ".weight", "()",
                                      "1:",      " @ "};
  const char *word = words[below(d, sizeof words / sizeof *words)];
  return (struct text){word, strlen(word)};
}

static size_t mutate_once(struct draws *d, char *text, size_t length, size_t room, struct text other) {
  struct text own = {text, length};
  piece_at *piece = below(d, 3) ? token_at : line_at;
  struct range at = choose(d, own, piece), empty = {at.end, at.end}, from;
  switch (below(d, 6)) {
  case 0: return replace(text, length, room, at, (struct text){"", 0});
  case 1: return replace(text, length, room, empty, part(own, at));
  case 2: from = choose(d, own, piece); return replace(text, length, room, at, part(own, from));
  case 3: return replace(text, length, room, at, telling_word(d));
  default:
    from = choose(d, other, piece);
    return replace(text, length, room, below(d, 2) ? at : empty, part(other, from));
  }
}

size_t mutate_text(char *text, size_t length, size_t room, const char *other, size_t other_length, uint32_t seed) {
  struct draws draws = {seed};
  for (size_t i = 1 + below(&draws, 4); i > 0; i--) {
    struct text foreign = other == text ? (struct text){text, length} : (struct text){other, other_length};
    length = mutate_once(&draws, text, length, room, foreign);
  }
  return length;
}
