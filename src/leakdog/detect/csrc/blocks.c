/* Of blocks: means and medians, and gaps that are bridged. */
#include "kernel.h"

double mean(const double *values, int64_t count) {
    double sum = 0;
    for (int64_t at = 0; at < count; at++) sum += values[at];
    return sum / (double)count;
}

double lowest(const double *values, int64_t count) {
    double least = values[0];
    for (int64_t at = 1; at < count; at++) least = values[at] < least ? values[at] : least;
    return least;
}

double highest(const double *values, int64_t count) {
    double most = values[0];
    for (int64_t at = 1; at < count; at++) most = values[at] > most ? values[at] : most;
    return most;
}

double known_share(const double *values, int64_t count) {
    int64_t known = 0;
    for (int64_t at = 0; at < count; at++) known += !isnan(values[at]);
    return (double)known / (double)count;
}

/* By insertion: what is sorted here has some dozens of values. */
void sort(double *values, int64_t count) {
    for (int64_t next = 1; next < count; next++) {
        double value = values[next];
        int64_t at = next;
        for (; at > 0 && values[at - 1] > value; at--) values[at] = values[at - 1];
        values[at] = value;
    }
}

double median(const double *values, int64_t count, double *room) {
    for (int64_t at = 0; at < count; at++) room[at] = values[at];
    sort(room, count);
    return (room[(count - 1) / 2] + room[count / 2]) / 2;
}

/* Gaps are filled by straight lines, ends by the nearest reading; without any reading all stays NaN. */
void bridge(const double *values, int64_t count, double *out) {
    int64_t last = -1;
    for (int64_t at = 0; at < count; at++) {
        out[at] = values[at];
        if (isnan(values[at])) continue;
        if (last < 0)
            for (int64_t gap = 0; gap < at; gap++) out[gap] = values[at];
        else
            for (int64_t gap = last + 1; gap < at; gap++)
                out[gap] = values[last] + (values[at] - values[last]) * (double)(gap - last) / (double)(at - last);
        last = at;
    }
    if (last >= 0)
        for (int64_t gap = last + 1; gap < count; gap++) out[gap] = values[last];
}
