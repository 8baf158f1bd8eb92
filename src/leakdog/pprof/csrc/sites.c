/* What the samples of a profile have in common: sums over the functions on their stacks. */
#include "kernel.h"

/* Of each sample the sum of the keys of what is on its stack, each once, however often it is there.
 *
 * The entries of location `l` are those from `bounds[l]` to `bounds[l + 1]`, each the place of a key. `last` has a
 * number for each key, all of them negative. False where anything refers to what is not there.
 */
EXPORT int64_t leakdog_summed(const int64_t *offsets, int64_t samples, const int32_t *stacks, const int64_t *bounds,
                              int64_t locations, const int64_t *entries, const uint64_t *keys, int64_t keys_count,
                              int64_t *last, uint64_t *sums) {
    for (int64_t sample = 0; sample < samples; sample++) {
        uint64_t sum = 0;
        for (int64_t at = offsets[sample]; at < offsets[sample + 1]; at++) {
            int32_t location = stacks[at];
            if (location < 0 || location >= locations) return false;
            for (int64_t i = bounds[location]; i < bounds[location + 1]; i++) {
                int64_t key = entries[i];
                if (key < 0 || key >= keys_count) return false;
                if (last[key] == sample) continue;
                last[key] = sample;
                sum += keys[key];
            }
        }
        sums[sample] = sum;
    }
    return true;
}
