/* One look-back over many series: from blocks to evidence, the cheap questions first. examine.py says what is asked. */
#include "kernel.h"

/* A life is in sight if at least this share of it has been seen. */
#define SEEN_SHARE 0.5
/* Growth by this factor or more is judged on a logarithmic scale too: what doubles again and again is no step. */
#define MULTIPLIED 2.0
/* Load must be known for this share of a window to be used. */
#define LOAD_COVERAGE 0.8
/* Load is fitted over the window and this many times its length before it, or over this many days. */
enum { FIT_LENGTHS = 2, FIT_DAYS = 3 };

/* What is asked of a row: not looked at, covered by readings, grown enough to be looked at closely, and surely. */
enum { UNUSABLE, USABLE, HOPEFUL, WEIGHED };

/* A look-back, and what it is of. Of the past `columns` from `cut` on count; the look-back begins at `start`. */
typedef struct {
    Whole whole;
    Real real;
    Design plain, harmonic;
    const double *lows, *load, *past, *past_load;
    const int64_t *chosen;
    int64_t many, width, stride, columns, cut, start, end, past_end;
    bool full;
} Look;

/* What else is known of each row; see `Rows` in panel.py. */
typedef struct {
    const double *floor, *limit, *life_start, *lives;
} Known;

/* One row as it is looked at, and memory to work in. */
typedef struct {
    double *raw, *window, *coarse, *relative, *total, *fine, *shape, *room;
    bool *known;
    int64_t row, first, before;
    double base, climb, asked, level;
    bool loaded, rhythmic, bridged;
    Trend found;
} Sight;

static const double *window_of(const Look *look, const double *panel, int64_t row) {
    return panel + row * look->width + look->width - look->whole.blocks;
}

static bool load_known(const Look *look, int64_t row) {
    return known_share(window_of(look, look->load, row), look->whole.blocks) >= LOAD_COVERAGE;
}

/* Enough readings in the window and at both of its ends. */
static bool covered(const Look *look, int64_t row) {
    const double *window = window_of(look, look->lows, row);
    int64_t blocks = look->whole.blocks, edge = most_of(blocks / look->whole.edge, 1);
    return known_share(window, blocks) >= look->real.coverage && known_share(window, edge) > 0
        && known_share(window + blocks - edge, edge) > 0;
}

/* Bridge the window, and say whether it may have grown by what is asked. */
static bool begin(const Look *look, const Known *known, Sight *sight, int64_t row, int64_t first) {
    const Whole *whole = &look->whole;
    int64_t quarter = whole->blocks / 4;
    sight->row = row;
    sight->first = first - look->cut;
    sight->before = most_of(look->start - sight->first, 0);
    bridge(window_of(look, look->lows, row), whole->blocks, sight->raw);
    sight->base = mean(sight->raw, quarter);
    sight->climb = mean(sight->raw + whole->blocks - quarter, quarter) - sight->base;
    sight->asked = fmax(look->real.ratio * fabs(sight->base), known->floor[row]);
    if (whole->urgent) sight->asked = fmax(sight->asked, look->real.share * (known->limit[row] - sight->base));
    sight->loaded = load_known(look, row);
    return !whole->urgent || sight->climb > look->real.hurdle * sight->asked;
}

static void bridge_past(const Look *look, Sight *sight) {
    bridge(look->past + sight->row * look->stride + look->cut, look->columns, sight->coarse);
}

/* The window is the end of the past, where both are of one level. */
static void window_from_past(const Look *look, Sight *sight) {
    for (int64_t at = 0; at < look->whole.blocks; at++) sight->window[at] = sight->coarse[look->start + at];
}

static void without_load(const Look *look, Sight *sight) {
    const double *lows = look->past + sight->row * look->stride + look->cut;
    const double *load = look->past_load + sight->row * look->stride + look->cut;
    const Whole *whole = &look->whole;
    int64_t columns = look->columns, lengths = FIT_LENGTHS * (columns - look->start), step = whole->step;
    int64_t from = most_of(0, look->start - most_of(lengths, FIT_DAYS * whole->history)), many = 0;
    double usual = 0, weights[2], *relative = sight->relative;
    bridge(load, columns, relative);
    for (int64_t at = from; at < columns; at++) {
        sight->known[at] = !isnan(lows[at]) && !isnan(load[at]);
        if (sight->known[at]) usual += relative[at];
        many += sight->known[at];
    }
    usual /= (double)most_of(many, 1);
    if (usual > 0) {
        for (int64_t at = 0; at < columns; at++) relative[at] /= usual;
        load_weights(sight->coarse + from, relative + from, sight->known + from, columns - from, look->start - from,
                     weights);
        for (int64_t at = 0; at < columns; at++)
            sight->coarse[at] -= weights[0] * (relative[at] - 1) + weights[1] * (relative[most_of(at - 1, 0)] - 1);
    }
    if (whole->same || !(usual > 0)) return;
    double *fine = sight->fine;
    int64_t skipped = look->width - whole->blocks;
    bridge(look->load + sight->row * look->width, look->width, fine);
    for (int64_t at = 0; at < whole->blocks; at++) {
        double now = fine[skipped + at], before = fine[most_of(skipped + at - step, 0)];
        sight->window[at] -= weights[0] * (now / usual - 1) + weights[1] * (before / usual - 1);
    }
}

static void without_rhythm(const Look *look, Sight *sight, int64_t days) {
    const Whole *whole = &look->whole;
    int64_t day = whole->day, columns = look->columns, from = look->start - days * day;
    sight->rhythmic = rhythm(sight->coarse + from, days, day, sight->first - from, whole->days, sight->shape, sight->room);
    if (sight->rhythmic)
        for (int64_t at = 0; at < columns; at++) sight->coarse[at] -= sight->shape[((at - from) % day + day) % day];
    if (whole->same || !sight->rhythmic) return;
    for (int64_t at = 0; at < whole->blocks; at++) {
        int64_t block = look->end - whole->blocks + at;
        int64_t column = (block - (block % whole->step + whole->step) % whole->step) / whole->step;
        int64_t hour = column - (look->past_end - columns) - from;
        sight->window[at] -= sight->shape[(hour % day + day) % day];
    }
}

/* Take out what load and the rhythm of the day explain. */
static void correct(const Look *look, Sight *sight) {
    const Whole *whole = &look->whole;
    int64_t days = whole->day ? least_of(whole->excess, sight->before) / whole->day : 0; /* not what others know */
    bool several = whole->day && days >= whole->days;
    for (int64_t at = 0; at < whole->blocks; at++) sight->window[at] = sight->raw[at];
    sight->rhythmic = false;
    sight->bridged = sight->loaded || several;
    if (sight->bridged) bridge_past(look, sight);
    if (sight->loaded) without_load(look, sight);
    if (several) without_rhythm(look, sight, days);
    if (whole->same && (sight->loaded || several)) window_from_past(look, sight);
}

/* The trend: with harmonics where neither load nor rhythm is known; on a logarithmic scale where that is better. Where it
 * rises by less than is asked, its rise alone. */
static Trend trend_of(const Look *look, Sight *sight, const double *window, double asked) {
    const Whole *whole = &look->whole;
    bool simple = !whole->harmonics || sight->loaded || sight->rhythmic;
    double confidence = look->real.confidence;
    int64_t blocks = whole->blocks;
    Trend found = trend(window, blocks, whole->merge, whole->lows, confidence, simple ? &look->plain : &look->harmonic,
                        asked, sight->room);
    if (found.rise < asked) return found;
    if (!(sight->base > 0 && sight->climb + sight->base > (1 + MULTIPLIED) * sight->base)) return found;
    if (!(lowest(window, blocks) > 0)) return found;
    double *logarithms = sight->fine;
    for (int64_t at = 0; at < blocks; at++) logarithms[at] = log(window[at]);
    Trend scaled = trend(logarithms, blocks, whole->merge, whole->lows, confidence, &look->plain, -INFINITY, sight->room);
    if (!(scaled.max_step < found.max_step)) return found;
    scaled.per_block = found.per_block;
    scaled.error = found.error;
    scaled.rise = found.rise;
    scaled.noise = found.noise;
    scaled.scaled = true;
    return scaled;
}

/* Whether it surely grows as much as is asked while what load explains is left in it. */
static bool with_load(const Look *look, Sight *sight) {
    Trend found = trend_of(look, sight, sight->raw, sight->asked);
    return found.rise >= sight->asked && found.z >= look->real.z;
}

/* What is told of rows that cannot be a leak too. */
static void tell(const Look *look, const Sight *sight, double *out) {
    const Trend *found = &sight->found;
    out[Z] = found->z;
    out[RISE] = found->rise;
    out[RISING] = found->rising;
    out[MAX_STEP] = found->max_step;
    out[LAST] = found->last;
    out[GROWTH] = found->per_block / look->real.seconds;
    out[ERROR] = found->error / look->real.seconds;
    out[BASE] = sight->base;
    out[LEVEL] = sight->level;
    out[PAST] = (double)sight->before / look->real.length;
}

/* By how much more it rises in the second half than in the first, by medians of quarters. */
static double bend(const double *window, int64_t blocks, double *room) {
    int64_t quarter = blocks / 4, half = blocks / 2;
    return median(window + blocks - quarter, quarter, room)
        - 2 * median(window + half - quarter / 2, quarter, room) + median(window, quarter, room);
}

/* The climb of what is never gone below again, from the first quarter to the last. */
static double floor_climb(const double *window, int64_t blocks) {
    int64_t quarter = blocks / 4;
    double low = INFINITY, late = 0, early = 0;
    for (int64_t at = blocks - 1; at >= 0; at--) {
        low = window[at] < low ? window[at] : low;
        late += at >= blocks - quarter ? low : 0;
        early += at < quarter ? low : 0;
    }
    return late / (double)quarter - early / (double)quarter;
}

/* What the look-back tells by itself. */
static void measure(const Look *look, const Known *known, Sight *sight, double *out) {
    const Trend *found = &sight->found;
    const double *raw = sight->raw, *lives = known->lives + sight->row * LIVES;
    int64_t row = sight->row, blocks = look->whole.blocks, third = blocks / 3;
    double rise = found->rise, history = (double)look->whole.history, length = look->real.length, jump = raw[1] - raw[0];
    double age = (double)look->past_end - known->life_start[row] / look->real.past_seconds;
    double limit = known->limit[row], seen = 0;
    for (int number = 0; number < LIVES; number++)
        seen += lives[number] - (double)(look->past_end - look->columns) > (double)look->start;
    for (int64_t at = 2; at < blocks; at++) jump = fmax(jump, raw[at] - raw[at - 1]);
    out[FIRST] = found->first;
    out[MIDDLE] = found->middle;
    out[LEAST] = found->least;
    out[LEAP] = found->leap;
    out[ALPHA] = found->alpha;
    out[KEPT] = sight->climb > 0 ? rise * 0.75 / fmax(sight->climb, 1e-9) : OUT_OF_SIGHT;
    out[NOISE] = found->noise / rise;
    out[BEND] = bend(raw, blocks, sight->room) / rise;
    out[GAP] = (lowest(raw + blocks - third, third) - highest(raw, third)) / rise;
    out[PAST_DAYS] = (double)sight->before / history;
    out[OWN_DAYS] = fmax(fmin((double)sight->before, age - length), -1) / history;
    out[ASKED] = sight->asked;
    out[AGE] = age / length;
    out[AGE_DAYS] = age / history;
    out[LIVES_SEEN] = seen;
    out[LOADED] = sight->loaded;
    out[LEFT] = isnan(limit) ? INFINITY : (limit - sight->level) / rise;
    if (look->whole.urgent) {
        out[JUMP] = jump / rise;
        out[FLOOR] = floor_climb(raw, blocks) / rise;
    }
}

/* The highest value of the past, and the highest mean of `smooth` blocks of it, infinitely low where none is. */
static void past_top(const Look *look, const Sight *sight, double *top, double *smoothed) {
    int64_t smooth = look->whole.smooth, begin = most_of(0, look->start - look->whole.excess);
    *top = *smoothed = -INFINITY;
    for (int64_t at = most_of(begin, sight->first); at < look->start; at++) *top = fmax(*top, sight->coarse[at]);
    for (int64_t end = most_of(begin, sight->first) + smooth; end <= look->start; end++) {
        double sum = sight->total[end] - sight->total[end - smooth];
        *smoothed = fmax(*smoothed, sum / (double)smooth + sight->coarse[look->columns - 1]);
    }
}

/* What the past says. */
static void compare(const Look *look, const Known *known, Sight *sight, double *out) {
    const Whole *whole = &look->whole;
    int64_t columns = look->columns, blocks = whole->blocks;
    double rise = sight->found.rise, length = look->real.length, top, smoothed, lives[LIVES], share, deepest = 0;
    double age = (double)look->past_end - known->life_start[sight->row] / look->real.past_seconds;
    const double *coarse = sight->coarse;
    sight->total[0] = 0;
    for (int64_t at = 0; at < columns; at++) sight->total[at + 1] = sight->total[at] + (coarse[at] - coarse[columns - 1]);
    past_top(look, sight, &top, &smoothed);
    bool alone = !sight->before || look->start <= most_of(0, look->start - whole->excess);
    out[PEAK] = alone ? 1 : (lowest(sight->window + blocks - 3, 3) - top) / rise;
    out[EXCESS] = alone ? 1 : (mean(coarse + columns - whole->span, whole->span) - (isfinite(smoothed) ? smoothed : top)) / rise;
    bool seen = (double)(columns - sight->first) >= age * SEEN_SHARE;
    double late = INFINITY, line = OUT_OF_SIGHT;
    if (seen && age >= (double)whole->convex)
        late = late_growth(sight->total, columns, age, sight->first, whole->smooth);
    if (seen && age >= length && age <= 3 * length)
        line = line_over_logarithm(coarse, sight->total, columns, age, sight->first, whole->day);
    out[LATE] = late < INFINITY ? late / rise : OUT_OF_SIGHT;
    out[LINE] = sight->found.scaled ? OUT_OF_SIGHT : line;
    for (int number = 0; number < LIVES; number++)
        lives[number] = known->lives[sight->row * LIVES + number] - (double)(look->past_end - columns);
    double within = inner_growth(sight->total, columns, lives, sight->first, look->start, &share);
    out[INNER] = share;
    out[WITHIN] = within < INFINITY ? within / rise : OUT_OF_SIGHT;
    out[REPEATED] = repeated_growth(coarse, sight->total, columns, lives, sight->first);
    double reached = -INFINITY;
    for (int64_t at = sight->first; at < columns; at++) {
        reached = fmax(reached, coarse[at]);
        deepest = fmax(deepest, reached - coarse[at]);
    }
    out[FALL] = deepest / rise;
}

/* A row that is looked at closely. True where it grows surely enough to be a leak or to settle. */
static bool weigh(const Look *look, const Known *known, Sight *sight, double *out, bool *follows) {
    const Real *real = &look->real;
    int64_t blocks = look->whole.blocks, edge = most_of(blocks / look->whole.edge, 1);
    correct(look, sight);
    sight->found = trend_of(look, sight, sight->window, look->full ? -INFINITY : sight->asked);
    if (!look->full && !(sight->found.rise >= sight->asked)) return false;
    sight->level = median(sight->raw + blocks - edge, edge, sight->room);
    tell(look, sight, out);
    bool large = sight->found.rise >= sight->asked;
    if (look->full && sight->loaded && !(large && sight->found.z >= real->z)) *follows = with_load(look, sight);
    bool grows = sight->found.z >= real->z_least && large;
    if (!look->full) grows = grows && sight->found.rising >= real->rising_least - 1e-6;
    if (!grows) return false;
    if (!sight->bridged) bridge_past(look, sight);
    measure(look, known, sight, out);
    compare(look, known, sight, out);
    return true;
}

/* Where the past begins that any chosen row knows, down to `least` columns; and the first column that each knows. */
static int64_t trimmed(const Look *look, int64_t least, int64_t *first) {
    int64_t earliest = look->stride;
    for (int64_t at = 0; at < look->many; at++) {
        const double *past = look->past + look->chosen[at] * look->stride;
        for (first[at] = 0; first[at] < look->stride && isnan(past[first[at]]);) first[at]++;
        earliest = least_of(earliest, first[at]);
    }
    return most_of(0, least_of(earliest, look->stride - least));
}

static Design design_of(const double *numbers, int64_t points, int64_t parameters, const double *alphas) {
    const double *model = numbers + points * parameters, *variance = model + points * parameters;
    return (Design){points, parameters, numbers, model, alphas, variance, variance + ALPHAS};
}

/* Whether all places that follow from these numbers lie within what they are places of. */
static bool sound(const Look *look, int64_t covers) {
    const Whole *whole = &look->whole;
    return whole->blocks >= SEGMENTS && whole->merge > 0 && whole->blocks % whole->merge == 0 && whole->edge > 0
        && look->plain.points == whole->blocks / whole->merge && look->plain.points >= SEGMENTS
        && look->plain.parameters == 2 && look->harmonic.parameters >= 2 && look->harmonic.parameters <= MOST_PARAMETERS
        && whole->step > 0 && whole->day >= 0 && whole->days > 0 && whole->smooth > 0 && whole->history >= 0
        && whole->excess >= 0 && whole->span > 0 && look->width >= whole->blocks && covers > 0 && covers <= look->stride
        && whole->span <= covers && (!whole->same || (covers == whole->blocks && look->stride == look->width));
}

/* Doubles in which one row is worked out: six arrays and a day, and what `rhythm`, `trend` and `median` want. */
static int64_t needed(const Look *look) {
    return 13 * (most_of(look->width, look->stride) + 1) + 2 * look->whole.day;
}

/* Examine a look-back of `many` chosen of `rows` series.
 *
 * `whole` and `real` are a Whole and a Real; `designs` the alphas, the design without harmonics and that with them.
 * `lows` and `load` are (rows, width), `past` and `past_load` (rows, stride). `covers` columns of
 * the past are the look-back's. `first` is for a number for each chosen row; `room` for `room_size` doubles and `flags`
 * for as many bools as the past has columns. Of each the numbers are put into `numbers`, (.., many), at `places`;
 * `stage` is how far it came. What comes back is how many rows are to be weighed, or -1 where the arrays cannot be these.
 */
EXPORT int64_t leakdog_examine(const int64_t *whole, const double *real, const double *designs, const double *lows,
                               const double *load, const double *past, const double *past_load, const double *floors,
                               const double *limit, const double *life_start, const double *lives,
                               const int64_t *chosen, int64_t many, int64_t rows, int64_t width, int64_t stride,
                               int64_t end, int64_t past_end, int64_t covers, int64_t points, int64_t parameters, int64_t full,
                               double *room, int64_t room_size, bool *flags, int64_t *first, const int64_t *places,
                               double *numbers, bool *usable, bool *follows, uint8_t *stage) {
    Look look = {.whole = *(const Whole *)(const void *)whole, .real = *(const Real *)(const void *)real, .lows = lows,
                 .load = load, .past = past, .past_load = past_load, .chosen = chosen, .many = many, .width = width,
                 .stride = stride, .end = end, .past_end = past_end, .full = full};
    Known known = {floors, limit, life_start, lives};
    const double *plain = designs + ALPHAS;
    look.plain = design_of(plain, points, 2, designs);
    look.harmonic = design_of(plain + 4 * points + 2 * ALPHAS, points, parameters, designs);
    if (!sound(&look, covers) || needed(&look) > room_size) return -1;
    for (int64_t at = 0; at < many; at++)
        if (chosen[at] < 0 || chosen[at] >= rows) return -1;
    look.cut = trimmed(&look, most_of(look.whole.same ? look.whole.blocks : 1, covers), first);
    look.columns = stride - look.cut;
    look.start = look.columns - covers;

    int64_t size = most_of(width, stride) + 1;
    Sight sight = {.raw = room, .window = room + size, .coarse = room + 2 * size, .relative = room + 3 * size,
                   .total = room + 4 * size, .fine = room + 5 * size, .shape = room + 6 * size,
                   .room = room + 6 * size + look.whole.day, .known = flags};
    int64_t weighed = 0;
    for (int64_t at = 0; at < many; at++) {
        int64_t row = chosen[at];
        stage[at] = UNUSABLE;
        if (!covered(&look, row)) continue;
        if (look.whole.urgent) {
            double before = (double)most_of(look.start - (first[at] - look.cut), 0) * look.real.past_seconds;
            if (isnan(limit[row]) || !(before >= (double)look.whole.blocks * look.real.seconds)) continue;
        }
        usable[at] = true;
        stage[at] = USABLE;
        if (!begin(&look, &known, &sight, row, first[at])) continue;
        stage[at] = HOPEFUL;
        double out[NUMBERS];
        for (int number = 0; number < NUMBERS; number++) out[number] = NAN;
        if (weigh(&look, &known, &sight, out, follows + at)) {
            stage[at] = WEIGHED;
            weighed++;
        } else if (!full) {
            continue;
        }
        for (int number = 0; number < NUMBERS; number++) numbers[places[number] * many + at] = out[number];
    }
    return weighed;
}
