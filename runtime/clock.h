/* The clock that everything is timed by. */
#ifndef HRM_CLOCK_H
#define HRM_CLOCK_H

/* Seconds since some moment; it never jumps. */
double clock_seconds(void);

double clock_thread_seconds(void); /* CPU time of the calling thread */

#endif
