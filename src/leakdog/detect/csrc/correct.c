/* What load and the rhythm of the day explain of a series. */
#include "kernel.h"

enum { PARTS = 4 };
/* Weight of "load explains nothing", as a share of mean load squared: where load hardly moves, it explains nothing, and
 * no accidental coefficient is found. */
#define LOAD_RIDGE 0.004
/* The growth beside load is held back by this much: what both could explain is load's. */
#define GROWTH_RIDGE 0.1

/* Solve the equations by elimination with pivots; the right-hand side is the last column. */
static void solve(double rows[PARTS][PARTS + 1]) {
    for (int pivot = 0; pivot < PARTS; pivot++) {
        int best = pivot;
        for (int row = pivot + 1; row < PARTS; row++)
            if (fabs(rows[row][pivot]) > fabs(rows[best][pivot])) best = row;
        for (int column = 0; column <= PARTS; column++) {
            double kept = rows[pivot][column];
            rows[pivot][column] = rows[best][column];
            rows[best][column] = kept;
        }
        for (int row = pivot + 1; row < PARTS; row++) {
            double times = rows[row][pivot] / rows[pivot][pivot];
            for (int column = pivot; column <= PARTS; column++) rows[row][column] -= times * rows[pivot][column];
        }
    }
    for (int row = PARTS - 1; row >= 0; row--) {
        for (int column = row + 1; column < PARTS; column++) rows[row][PARTS] -= rows[row][column] * rows[column][PARTS];
        rows[row][PARTS] /= rows[row][row];
    }
}

/* Coefficients of load, which is relative to its mean, and of load a block ago.
 *
 * Beside load a level and growth from `start` on are fitted, so that growth which merely coincides with load is not all
 * given to it.
 */
void load_weights(const double *values, const double *load, const bool *known, int64_t count, int64_t start,
                  double *out) {
    double rows[PARTS][PARTS + 1] = {{0}}, many = 0, last = values[count - 1];
    for (int64_t at = 0; at < count; at++) {
        if (!known[at]) continue;
        double growth = (double)most_of(at - start + 1, 0) / (double)(count - start);
        double parts[PARTS + 1] = {1, load[at] - 1, load[most_of(at - 1, 0)] - 1, growth, values[at] - last};
        for (int row = 0; row < PARTS; row++)
            for (int column = row; column <= PARTS; column++) rows[row][column] += parts[row] * parts[column];
        many++;
    }
    for (int row = 1; row < PARTS; row++)
        for (int column = 0; column < row; column++) rows[row][column] = rows[column][row];
    rows[3][3] *= 1 + GROWTH_RIDGE;
    for (int row = 0; row < PARTS; row++)
        rows[row][row] += (row == 1 || row == 2 ? many * LOAD_RIDGE * LOAD_RIDGE : 0) + 1e-9;
    solve(rows);
    out[0] = rows[1][PARTS];
    out[1] = rows[2][PARTS];
}

/* Of whole days, each without its mean and its own drift, the median at each time of day, smoothed over three blocks.
 *
 * False, and zeros, where fewer than `least_days` whole days come at or after `first`. `room` is for `days` numbers
 * three times and for a day.
 */
bool rhythm(const double *past, int64_t days, int64_t day, int64_t first, int64_t least_days, double *shape,
            double *room) {
    double *level = room, *drift = room + days, *some = drift + days, *raw = some + days;
    int64_t begin = days;
    for (int64_t each = days - 1; each >= 0 && each * day >= first; each--) begin = each;
    for (int64_t hour = 0; hour < day; hour++) shape[hour] = 0;
    if (days - begin < least_days) return false;
    for (int64_t each = 0; each < days; each++) level[each] = mean(past + each * day, day);
    for (int64_t each = 0; each < days; each++) {
        int64_t after = least_of(each + 1, days - 1), before = most_of(each - 1, 0);
        drift[each] = days > 1 ? (level[after] - level[before]) / (double)(after - before) / (double)day : 0;
    }
    for (int64_t hour = 0; hour < day; hour++) {
        double at = (double)hour - (double)(day - 1) / 2;
        for (int64_t each = begin; each < days; each++)
            some[each - begin] = past[each * day + hour] - level[each] - drift[each] * at;
        sort(some, days - begin);
        raw[hour] = (some[(days - begin - 1) / 2] + some[(days - begin) / 2]) / 2;
    }
    for (int64_t hour = 0; hour < day; hour++)
        shape[hour] = (raw[(hour + day - 1) % day] + 2 * raw[hour] + raw[(hour + 1) % day]) / 4;
    return true;
}
