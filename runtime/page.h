/* Pages of results: one file that needs nothing else, made of the templates in runtime/page, the plotting library and
 * data as JSON. */
#ifndef HRM_PAGE_H
#define HRM_PAGE_H

#include <jansson.h>

#include "runtime/error.h"

/* data: an object whose "page" names what is shown ("trace", "analysis", "plot", "compare"; see runtime/page); it is
 * taken over.  NULL stands for a lack of memory. */
bool page_write(const char *path, json_t *data, struct hrm_error *error);

#endif
