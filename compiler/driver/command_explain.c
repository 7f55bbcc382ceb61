/* hrmc explain [CODE...]: what messages mean, by their codes; without a code the list of all. */
#include "commands.h"

#include "../explain.h"

#include <string.h>

/* A message's wording, with what is filled in shown as dots. */
static void print_wording(enum message message) {
  for (const char *c = message_format(message); *c; c++) {
    bool is_conversion = *c == '%' && c[1] != '%';
    if (is_conversion) {
      c += strcspn(c, "sdgXc");
      fputs("...", stdout);
    } else {
      putchar(*c);
    }
  }
  putchar('\n');
}

static int list_all(void) {
  for (int i = 0; i < MESSAGE_COUNT; i++) {
    printf("%s  ", message_code((enum message)i));
    print_wording((enum message)i);
  }
  return 0;
}

static int explain(const char *code) {
  int i = 0;
  while (i < MESSAGE_COUNT && strcasecmp(message_code((enum message)i), code)) i++;
  const char *text = i < MESSAGE_COUNT ? explanation(message_code((enum message)i)) : NULL;
  if (!text) {
    fprintf(stderr, "hrmc: no message has the code '%s': 'hrmc explain' lists them\n", code);
    return 2;
  }
  printf("%s: ", message_code((enum message)i));
  print_wording((enum message)i);
  printf("\n%s", text);
  return 0;
}

int command_explain(const struct options *o) {
  int worst = 0;
  for (int i = 0; i < o->file_count; i++) {
    if (i > 0) putchar('\n');
    int code = explain(o->files[i]);
    if (code > worst) worst = code;
  }
  return o->file_count ? worst : list_all();
}
