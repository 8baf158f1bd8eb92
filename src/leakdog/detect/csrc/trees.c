/* A score: the sum of the leaves of trees that rows of features fall into; score.py says how trees are put. */
#include "kernel.h"

EXPORT int64_t leakdog_version(void) { return VERSION; }

/* `values` is (rows, features), `open` (bounds + owners, trees), `value` (trees, leaves); `bounds` of feature `owner[i]`
 * are those from `begin[i]` to `begin[i + 1]`, rising. `left` is for a number for each tree. -1 where a feature or a leaf
 * is not there. */
EXPORT int64_t leakdog_grown(const double *values, int64_t rows, int64_t features, const double *bounds,
                             const int64_t *begin, const int64_t *owner, int64_t owners, const uint16_t *open,
                             const double *value, int64_t trees, int64_t leaves, uint16_t *left, double *total) {
    for (int64_t row = 0; row < rows; row++) {
        for (int64_t tree = 0; tree < trees; tree++) left[tree] = UINT16_MAX;
        for (int64_t each = 0; each < owners; each++) {
            if (owner[each] < 0 || owner[each] >= features) return -1;
            double at = values[row * features + owner[each]];
            int64_t exceeded = begin[each], stop = begin[each + 1];
            while (exceeded < stop) { /* the first bound that is not exceeded lies before `stop`, or is it */
                int64_t middle = exceeded + (stop - exceeded) / 2;
                if (at > bounds[middle]) exceeded = middle + 1;
                else stop = middle;
            }
            const uint16_t *leaves_open = open + (exceeded + each) * trees;
            for (int64_t tree = 0; tree < trees; tree++) left[tree] &= leaves_open[tree];
        }
        double sum = 0;
        for (int64_t tree = 0; tree < trees; tree++) {
            int64_t leaf = 0;
            while (leaf < leaves && !(left[tree] >> leaf & 1)) leaf++;
            if (leaf == leaves) return -1;
            sum += value[tree * leaves + leaf];
        }
        total[row] = sum;
    }
    return 0;
}
