/* Warm-up against growth: over a life, a warm-up rises like the logarithm of age or slower, a leak like age. */
#include "kernel.h"

enum { POINTS = 32, PARTS = 7 }; /* a life is averaged to this many points */
#define PI 3.14159265358979323846
#define MOST_ALPHA 0.95
#define LATE_SPANS 4.0 /* a young life's levels are means over this part of its age */
#define LEAST_THIRD 2  /* blocks in a third of a life */
#define MOST_AGREED 20.0

static double mean_between(const double *total, int64_t begin, int64_t end) {
    return (total[end] - total[begin]) / (double)(end - begin);
}

/* The inverse, beside the matrix, by elimination with pivots. */
static void invert(double rows[PARTS][2 * PARTS], int parts) {
    for (int row = 0; row < parts; row++)
        for (int column = 0; column < parts; column++) rows[row][parts + column] = row == column;
    for (int pivot = 0; pivot < parts; pivot++) {
        int best = pivot;
        for (int row = pivot + 1; row < parts; row++)
            if (fabs(rows[row][pivot]) > fabs(rows[best][pivot])) best = row;
        for (int column = 0; column < 2 * parts; column++) {
            double kept = rows[pivot][column];
            rows[pivot][column] = rows[best][column];
            rows[best][column] = kept;
        }
        double by = rows[pivot][pivot];
        for (int column = 0; column < 2 * parts; column++) rows[pivot][column] /= by;
        for (int row = 0; row < parts; row++) {
            double times = rows[row][pivot];
            if (row == pivot) continue;
            for (int column = 0; column < 2 * parts; column++) rows[row][column] -= times * rows[pivot][column];
        }
    }
}

/* Fit a life by the logarithm of its age and by its age: standard errors by which age is needed. */
double line_over_logarithm(const double *values, const double *total, int64_t columns, double age, int64_t first,
                           int64_t day) {
    int parts = day ? PARTS : 3;
    double model[POINTS][PARTS], points[POINTS], top = 0;
    int64_t begin = place(fmax((double)first, (double)columns - age), 0, columns - 1);
    for (int at = 0; at < POINTS; at++) {
        int64_t left = begin + (columns - begin) * at / POINTS, right = begin + (columns - begin) * (at + 1) / POINTS;
        int64_t count = most_of(right - left, 1);
        left = least_of(left, columns - 1);
        right = least_of(left + count, columns);
        points[at] = (total[right] - total[left]) / (double)count;
        double old = fmax(age - ((double)columns - (double)(left + right) / 2) + 1, 0.5);
        model[at][0] = 1;
        model[at][1] = log(old);
        model[at][2] = old;
        for (int number = 1; day && number <= 2; number++) {
            double angle = 2 * PI * number * old / (double)day;
            model[at][1 + 2 * number] = cos(angle);
            model[at][2 + 2 * number] = sin(angle);
        }
    }
    double rows[PARTS][2 * PARTS] = {{0}}, target[PARTS] = {0}, weights[PARTS] = {0}, from = points[0];
    double oldest = model[POINTS - 1][2];
    for (int at = 0; at < POINTS; at++) {
        points[at] -= from;
        top = fmax(top, fabs(points[at]));
        model[at][2] /= oldest;
        for (int row = 0; row < parts; row++) {
            target[row] += model[at][row] * points[at];
            for (int column = 0; column < parts; column++) rows[row][column] += model[at][row] * model[at][column];
        }
    }
    for (int row = 0; row < parts; row++) rows[row][row] += 1e-9;
    invert(rows, parts);
    for (int row = 0; row < parts; row++)
        for (int column = 0; column < parts; column++) weights[row] += rows[row][parts + column] * target[column];
    double squares = 0, products = 0, before = 0;
    for (int at = 0; at < POINTS; at++) {
        double left = points[at];
        for (int part = 0; part < parts; part++) left -= model[at][part] * weights[part];
        squares += left * left;
        if (at) products += left * before;
        before = left;
    }
    double least = LEAST_NOISE * (fabs(values[columns - 1]) + top + 1e-12);
    double spread = squares / (POINTS - parts) + least * least;
    double alpha = fmin(fmax(products / (squares + 1e-30) + (double)(1 + parts) / POINTS, 0), MOST_ALPHA);
    return weights[2] / sqrt(spread * rows[2][parts + 2] * (1 + alpha) / (1 - alpha));
}

/* Mean of `span` blocks around `back` blocks ago, as far as they were seen, and the age at their middle. */
static double level(const double *total, int64_t columns, double age, int64_t first, double span, double back,
                    double *at) {
    double middle = (double)columns - back;
    int64_t begin = place(fmax(middle - span / 2, (double)first), 0, columns - 1);
    int64_t end = place(middle + span / 2, begin + 1, columns);
    *at = fmax(age - ((double)columns - (double)(begin + end) / 2), 0.5);
    return mean_between(total, begin, end);
}

/* Growth since half the age, less what a curve between a line and a logarithm would have grown.
 *
 * That curve goes through the levels at an eighth and at half of the age, or at the earliest that was seen: from them a
 * logarithm would rise by half as much again, a line by a third more than it did.
 */
double late_growth(const double *total, int64_t columns, double age, int64_t first, int64_t smooth) {
    double span = fmin((double)smooth, fmax(age / LATE_SPANS, 1.0)), last = age - span / 2, late, middle, begin;
    double now = level(total, columns, age, first, span, age - last, &late);
    double half = level(total, columns, age, first, span, age - last / 2, &middle);
    double early = level(total, columns, age, first, span, age - last / 8, &begin);
    double apart = fmax(middle - begin, 0.5);
    double line = (late - middle) / apart, logarithm = log(late / middle) / log((begin + apart) / begin);
    return (now - half) - sqrt(line * logarithm) * fmax(half - early, 0);
}

/* Where a life begins and ends, as far as that is at or after `first`. */
static void span_of(const double *lives, int number, int64_t first, int64_t columns, double *begin, double *end) {
    double most = (double)columns, next = number + 1 < LIVES ? lives[number + 1] : most;
    *begin = fmin(fmax(isnan(lives[number]) ? 0 : lives[number], (double)first), most);
    *end = isnan(next) ? 0 : fmin(fmax(next, 0), most);
}

/* How much the lives that a look-back joins grow, infinity where there is one only; `share` of it in their later half.
 *
 * Half of it is a leak; a warm-up that every life goes through has less. Where all growth is between the lives, their
 * levels were joined wrongly.
 */
double inner_growth(const double *total, int64_t columns, const double *lives, int64_t first, int64_t start,
                    double *share) {
    double early = 0, late = 0;
    bool several = false;
    for (int number = 0; number < LIVES; number++) {
        double begin, end, parts[3];
        span_of(lives, number, most_of(first, start), columns, &begin, &end);
        double third = (end - begin) / 3;
        if (!(third >= LEAST_THIRD)) continue;
        for (int part = 0; part < 3; part++) {
            int64_t left = place(begin + part * third, 0, columns - 1);
            parts[part] = mean_between(total, left, place(begin + (part + 1) * third, left + 1, columns));
        }
        early += parts[1] - parts[0];
        late += parts[2] - parts[1];
        several |= begin > (double)start;
    }
    *share = !several ? 0.5 : early + late > 0 ? fmin(fmax(late / (early + late), -1.0), 2.0) : 0;
    return several ? 1.5 * (early + late) : INFINITY; /* means of thirds are two thirds of a life apart */
}

/* How surely each life grew anew: growth per block in the second half of each, its mean over its standard error, over
 * lives, not over readings. 0 where there is one only. */
double repeated_growth(const double *values, const double *total, int64_t columns, const double *lives, int64_t first) {
    double rates[LIVES], sum = 0, spread = 0;
    int many = 0;
    for (int number = 0; number < LIVES; number++) {
        double begin, end, parts[2];
        span_of(lives, number, first, columns, &begin, &end);
        double quarter = (end - begin) / 4;
        if (!(quarter >= 1)) continue;
        for (int part = 0; part < 2; part++) {
            int64_t left = place(begin + (part + 2) * quarter, 0, columns - 1);
            parts[part] = mean_between(total, left, place(begin + (part + 3) * quarter, left + 1, columns));
        }
        rates[many] = (parts[1] - parts[0]) / quarter;
        sum += rates[many++];
    }
    if (many < 2) return 0;
    double middle = sum / many, least = LEAST_NOISE * fabs(values[columns - 1]);
    for (int number = 0; number < many; number++) spread += (rates[number] - middle) * (rates[number] - middle);
    double sure = middle / sqrt((spread / (many - 1) + least * least + 1e-30) / many);
    return fmin(fmax(sure, -MOST_AGREED), MOST_AGREED);
}
