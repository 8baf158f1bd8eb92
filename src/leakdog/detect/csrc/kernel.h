/* What the parts of the detector's kernel share. The same orders of numbers are in kernel.py.
 *
 * One look-back of many series is worked out row by row. Python has checked shapes and types of all arrays, and gives
 * the memory to work in; nothing is allocated or kept here, and nothing is read or written beyond what is given. Blocks
 * are doubles, NaN where missing. What each measure means is said in detect/evidence.py.
 */
#ifndef LEAKDOG_DETECT_KERNEL_H
#define LEAKDOG_DETECT_KERNEL_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))

/* To be raised with every change of what is below: an old shared object is then not taken for this one. */
enum { VERSION = 2 };

enum { SEGMENTS = 8, STEPS = SEGMENTS - 1, ALPHAS = 25, MOST_PARAMETERS = 8, LIVES = 8 };

/* Whole numbers of a look-back and its settings. */
typedef struct {
    int64_t blocks, merge, lows, harmonics, urgent, edge, same, step, day, days, history, excess, smooth, convex, span;
} Whole;

/* The other numbers of a look-back and its settings. */
typedef struct {
    double seconds, past_seconds, coverage, ratio, share, hurdle, confidence, z_least, rising_least, z,
        length;
} Real;

/* What depends on the number of points only: the pseudo-inverse of the model, (parameters, points), the model,
 * (points, parameters), and for each of `alphas` the slope's variance over the residuals' sum of squares, and their
 * expected autocorrelation. */
typedef struct {
    int64_t points, parameters;
    const double *inverse, *model, *alphas, *variance, *lag_one;
} Design;

typedef struct {
    double per_block, error, z, rise, rising, max_step, first, last, noise, middle, least, leap, alpha;
    bool scaled;
} Trend;

/* What is measured of a row, in the order of NUMBERS in kernel.py. */
enum {
    Z, RISE, RISING, MAX_STEP, LAST, GROWTH, ERROR, BASE, LEVEL, PAST, FIRST, MIDDLE, LEAST, LEAP, ALPHA, KEPT,
    NOISE, BEND, GAP, PAST_DAYS, OWN_DAYS, ASKED, AGE, AGE_DAYS, LIVES_SEEN, LOADED, LEFT, JUMP, FLOOR, PEAK, EXCESS,
    LATE, LINE, INNER, WITHIN, REPEATED, FALL, NUMBERS
};

/* For what is out of sight: nothing speaks for a warm-up. */
#define OUT_OF_SIGHT 10.0
/* Numbers without any noise still have this much, as a share of their level: no division by nothing. */
#define LEAST_NOISE 1e-5

static inline int64_t least_of(int64_t one, int64_t other) { return one < other ? one : other; }
static inline int64_t most_of(int64_t one, int64_t other) { return one > other ? one : other; }

/* A place from a number that may be anything, within bounds. */
static inline int64_t place(double at, int64_t least, int64_t most) {
    return at >= (double)least ? at < (double)most ? (int64_t)at : most : least;
}

/* blocks.c */
double mean(const double *values, int64_t count);
double median(const double *values, int64_t count, double *room);
double lowest(const double *values, int64_t count);
double highest(const double *values, int64_t count);
double known_share(const double *values, int64_t count);
void sort(double *values, int64_t count);
void bridge(const double *values, int64_t count, double *out);

/* correct.c */
void load_weights(const double *values, const double *load, const bool *known, int64_t count, int64_t start,
                  double *out);
bool rhythm(const double *past, int64_t days, int64_t day, int64_t first, int64_t least_days, double *shape,
            double *room);

/* trend.c */
Trend trend(const double *window, int64_t blocks, int64_t merge, bool lows, double confidence, const Design *design,
            double asked, double *room);

/* lives.c: `total` are running sums of `values`, less the last one as often; `lives` columns at which lives begin. */
double line_over_logarithm(const double *values, const double *total, int64_t columns, double age, int64_t first,
                           int64_t day);
double late_growth(const double *total, int64_t columns, double age, int64_t first, int64_t smooth);
double inner_growth(const double *total, int64_t columns, const double *lives, int64_t first, int64_t start,
                    double *share);
double repeated_growth(const double *values, const double *total, int64_t columns, const double *lives, int64_t first);

#endif
