/* The machine's peak of multiply-adds. */
#ifndef HRM_PEAK_H
#define HRM_PEAK_H

/* FLOPs that one thread does in a second of its own CPU time, in float32 and the widest registers: the best of a few
 * short rounds (some 20 ms in all). */
double peak_flops(void);

#endif
