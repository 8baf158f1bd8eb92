/* A line through a window, how sure it is, and the shape of the rise; design.py says why. */
#include "kernel.h"

/* A rise in a segment counts from this share of what a straight line would rise in it. */
#define LEAST_STEP 0.2
#define MOST_Z 1000.0

static void merged(const double *window, int64_t points, int64_t merge, bool lows, double *out) {
    for (int64_t at = 0; at < points; at++)
        out[at] = lows ? lowest(window + at * merge, merge) : mean(window + at * merge, merge);
}

/* Of straight lines between the places, which rise, the value at `at`; beyond them that of the nearest. */
static double interpolated(double at, const double *places, const double *values) {
    if (at < places[0]) return values[0];
    for (int64_t right = 1; right < ALPHAS; right++)
        if (at < places[right]) {
            double slope = (values[right] - values[right - 1]) / (places[right] - places[right - 1]);
            return slope * (at - places[right - 1]) + values[right - 1];
        }
    return isnan(at) ? at : values[ALPHAS - 1];
}

/* `room` is for three times the points. Of what rises by less than is asked, the rise alone is told. */
Trend trend(const double *window, int64_t blocks, int64_t merge, bool lows, double confidence, const Design *design,
            double asked, double *room) {
    int64_t count = design->points, parameters = design->parameters;
    double *points = room, *left = room + count, *plain = room + 2 * count, weights[MOST_PARAMETERS] = {0};
    merged(window, count, merge, lows, points);
    double level = points[0], top = 0;
    for (int64_t at = 0; at < count; at++) {
        points[at] -= level;
        top = fmax(top, fabs(points[at]));
    }
    for (int64_t part = 0; part < parameters; part++) {
        for (int64_t at = 0; at < count; at++) weights[part] += points[at] * design->inverse[part * count + at];
    }
    if (weights[1] * (double)blocks < asked) return (Trend){.per_block = weights[1], .rise = weights[1] * (double)blocks};
    double scale = fabs(level) + top, squares = 0, products = 0;
    for (int64_t at = 0; at < count; at++) {
        const double *model = design->model + at * parameters;
        plain[at] = points[at];
        for (int64_t part = 2; part < parameters; part++) plain[at] -= model[part] * weights[part];
        left[at] = plain[at] - model[0] * weights[0] - model[1] * weights[1];
        squares += left[at] * left[at];
        if (at) products += left[at] * left[at - 1];
    }
    squares += (double)count * (LEAST_NOISE * scale) * (LEAST_NOISE * scale) + 1e-30;
    double alpha = interpolated(products / squares, design->lag_one, design->alphas);
    alpha = fmin(alpha + confidence * sqrt((1 - alpha * alpha) / (double)count), design->alphas[ALPHAS - 1]);

    double shares[STEPS], before = 0, climb = 0;
    for (int64_t segment = 0, at = 0; segment < SEGMENTS; segment++) {
        int64_t length = count / SEGMENTS + (segment < count % SEGMENTS);
        double now = mean(plain + at, length);
        if (segment) climb += shares[segment - 1] = now - before;
        before = now;
        at += length;
    }
    climb = fmax(climb, 1e-12 * scale + 1e-30);
    double leap = plain[1] - plain[0], rising = 0;
    for (int64_t at = 2; at < count; at++) leap = fmax(leap, plain[at] - plain[at - 1]);
    for (int64_t step = 0; step < STEPS; step++) {
        shares[step] /= climb;
        rising += shares[step] > LEAST_STEP / STEPS;
    }
    Trend found = {.per_block = weights[1], .rise = weights[1] * (double)blocks, .rising = rising / STEPS};
    found.error = sqrt(squares * interpolated(alpha, design->alphas, design->variance));
    found.z = fmin(fmax(found.per_block / found.error, -MOST_Z), MOST_Z);
    found.noise = sqrt(squares / (double)(count - parameters));
    found.first = shares[0] + shares[1];
    found.last = shares[STEPS - 2] + shares[STEPS - 1];
    sort(shares, STEPS);
    found.max_step = shares[STEPS - 1];
    found.middle = shares[STEPS / 2] * STEPS;
    found.least = shares[1] * STEPS;
    found.leap = leap / climb;
    found.alpha = alpha;
    return found;
}
