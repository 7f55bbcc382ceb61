/* A function compiled for the vectors of several kinds of processor, of which the present one's is called, with all
 * that it calls inside. */
#ifndef HRM_WIDTHS_H
#define HRM_WIDTHS_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define FOR_EVERY_WIDTH __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), flatten))
#else
#define FOR_EVERY_WIDTH
#endif

#endif
