/* The clock that everything is timed by. */
#ifndef HRM_CLOCK_H
#define HRM_CLOCK_H

/* Seconds since some moment; it never jumps. */
double clock_seconds(void);

#endif
