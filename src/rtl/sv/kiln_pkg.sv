// The chip's arithmetic of elements: clean binary32 (no subnormals, infinities, NaN or -0), every
// operation rounded once to nearest even and held at the largest finite value; the table functions;
// the mixing of random numbers. Operands of fp_* are clean. Combinational; whoever uses a function
// puts its latency behind it (kiln_delay). docs/numerics.md
package kiln_pkg;

  import kiln_tables_pkg::*;

  // What the vector unit does for a token, in this order; from NormAttention to Down for every
  // layer.
  typedef enum logic [3:0] {
    OpEmbedding, OpNormAttention, OpQkv, OpAttention, OpO, OpNormFfn, OpGateUp, OpDown, OpNormHead,
    OpDone
  } vector_op_e;

  // Beats of a section of `size` elements, and what its last one holds.
  function automatic int unsigned beats(int unsigned size, int unsigned beat_elements);
    return (size + beat_elements - 1) / beat_elements;
  endfunction

  function automatic int unsigned rest_of(int unsigned size, int unsigned beat_elements);
    return size - (beats(size, beat_elements) - 1) * beat_elements;
  endfunction

  // log2 of the transform's block: of the largest power of two, at most 64, that divides `width`.
  function automatic int unsigned block_log2(int unsigned width);
    int unsigned n;
    n = 0;
    for (int unsigned i = 0; i < 6; i++) begin
      if (width % (2 << i) == 0) n = i + 1;
    end
    return n;
  endfunction

  // A normalised significand (leading one at bit 23), the bit below it, whether any bit below that
  // is set, and the exponent as binary32 stores it, if it could be as small or large as it liked.
  // Below 1 the result is 0, but what is rounded up to 2^-126 as IEEE 754 rounds: 24 leading ones
  // just below it.
  function automatic logic [31:0] fp_pack(logic negative, int biased, logic [23:0] significand,
                                          logic half, logic rest);
    logic [23:0] up;
    int          e;
    if (biased < 0) return 32'h0;
    if (biased == 0) return (significand == '1) ? {negative, 31'h0080_0000} : 32'h0;
    up = {1'b0, significand[22:0]} + 24'(half && (rest || significand[0]));
    e  = up[23] ? biased + 1 : biased;
    if (e > 254) return {negative, 31'h7f7f_ffff};
    return {negative, e[7:0], up[22:0]};
  endfunction

  // magnitude * 2^exponent of up to 64 bits.
  function automatic logic [31:0] fp_from_u64(logic negative, logic [63:0] magnitude, int exponent);
    // verilator no_inline_task
    logic [63:0] m;
    int          biased;
    if (magnitude == '0) return 32'h0;
    m      = magnitude;
    biased = exponent + 63 + 127;
    for (int unsigned step = 32; step > 0; step /= 2) begin
      if ((m >> (64 - step)) == '0) begin
        m      = m << step;
        biased = biased - int'(step);
      end
    end
    return fp_pack(negative, biased, m[63:40], m[39], m[38:0] != '0);
  endfunction

  // One rounding of magnitude * 2^exponent.
  function automatic logic [31:0] fp_from_int(logic negative, logic [127:0] magnitude,
                                              logic signed [15:0] exponent);
    // verilator no_inline_task
    logic [63:0] high, low;
    int unsigned length;
    high = magnitude[127:64];
    low  = magnitude[63:0];
    if (high == '0) return fp_from_u64(negative, low, int'(exponent));
    length = 0;
    for (int unsigned step = 32; step > 0; step /= 2) begin
      if ((high >> (length + step)) != '0) length = length + step;
    end
    length = length + 1;  // bits of `high`: as many of `low` are only known to be zero or not
    if (length < 64) begin
      high = (high << (64 - length)) | (low >> length);
      low  = low << (64 - length);
    end
    return fp_from_u64(negative, high | 64'(low != '0), int'(exponent) + int'(length));
  endfunction

  function automatic logic [31:0] fp_mul(logic [31:0] a, logic [31:0] b);
    // verilator no_inline_task
    logic [47:0] p;
    int          biased;
    if (a[30:23] == '0 || b[30:23] == '0) return 32'h0;
    p      = 48'({1'b1, a[22:0]}) * 48'({1'b1, b[22:0]});
    biased = int'(a[30:23]) + int'(b[30:23]) - 126;
    if (!p[47]) begin
      p      = {p[46:0], 1'b0};
      biased = biased - 1;
    end
    return fp_pack(a[31] ^ b[31], biased, p[47:24], p[23], p[22:0] != '0);
  endfunction

  function automatic logic [31:0] fp_add(logic [31:0] a, logic [31:0] b);
    // verilator no_inline_task
    logic [31:0] big;
    logic [30:0] less;
    logic [63:0] m, n;
    int unsigned shift;
    big  = (a[30:0] >= b[30:0]) ? a : b;
    less = (a[30:0] >= b[30:0]) ? b[30:0] : a[30:0];
    if (less[30:23] == '0) return big;
    m     = {8'h0, 1'b1, big[22:0], 32'h0};
    n     = {8'h0, 1'b1, less[22:0], 32'h0};
    shift = 32'(big[30:23]) - 32'(less[30:23]);
    n     = (shift > 32) ? 64'h1 : n >> shift;  // beyond 32 places: that there is something
    m     = (a[31] == b[31]) ? m + n : m - n;
    return fp_from_u64(big[31], m, int'(big[30:23]) - 150 - 32);
  endfunction

  function automatic logic [31:0] fp_neg(logic [31:0] a);
    return (a == 32'h0) ? 32'h0 : {!a[31], a[30:0]};
  endfunction

  // a < b
  function automatic logic fp_less(logic [31:0] a, logic [31:0] b);
    if (a[31] != b[31]) return a[31];
    return a[31] ? b[30:0] < a[30:0] : a[30:0] < b[30:0];
  endfunction

  // floor(x / 2^n + 1/2) for x below 2^63 and n up to 63.
  function automatic logic [63:0] rounding_shift(logic [63:0] x, int unsigned n);
    return (n == 0) ? x : (x + (64'h1 << (n - 1))) >> n;
  endfunction

  // floor(x / 2^n + 1/2): add half, arithmetic shift.
  function automatic logic signed [63:0] rounding_shift_signed(logic signed [63:0] x,
                                                               int unsigned n);
    return (n == 0) ? x : (x + $signed(64'h1 << (n - 1))) >>> n;
  endfunction

  // The element's significand, with its sign, brought to a group's largest (stored) exponent:
  // s(25), held in 32 bits.
  function automatic logic signed [31:0] fp_aligned(logic [31:0] x, logic [7:0] largest);
    logic signed [31:0] m;
    int unsigned        n;
    n = 32'(largest) - 32'(x[30:23]);
    if (x[30:23] == '0 || n >= 25) return 32'sh0;
    m = $signed({8'h0, 1'b1, x[22:0]});
    if (x[31]) m = -m;
    return (m + $signed((32'h1 << n) >> 1)) >>> n;
  endfunction

  // Bits of x without its leading zeros.
  function automatic int unsigned bit_length(logic [63:0] x);
    int unsigned n;
    n = 0;
    for (int unsigned step = 32; step > 0; step /= 2) begin
      if ((x >> (n + step)) != '0) n = n + step;
    end
    return (x == '0) ? 0 : n + 1;
  endfunction

  // 2^-(f / 2^26), 31 fraction bits.
  function automatic logic [31:0] exp2_negative(logic [25:0] f);
    // verilator no_inline_task
    logic [63:0] t, series;
    t      = (64'(f[17:0]) * 64'(Ln2)) >> 18;                 // 40 fraction bits
    series = (64'h1 << 40) - t + ((t * t) >> 41);             // 1 - t + t^2 / 2
    return 32'((64'(Exp2[32*32'(f[25:18]) +: 32]) * (series >> 8) + (64'h1 << 31)) >> 32);
  endfunction

  // 2^62 / d, d in [2^31, 2^32).
  function automatic logic [31:0] reciprocal(logic [31:0] d);
    // verilator no_inline_task
    logic [63:0] x;
    x = {32'h0, Reciprocal[16*32'(d[30:23]) +: 16], 16'h0};
    for (int unsigned i = 0; i < 2; i++) begin
      x = (x * ((64'h1 << 32) - ((64'(d) * x) >> 31))) >> 31;
    end
    return x[31:0];
  endfunction

  // 2^46 / sqrt(d), d in [2^30, 2^32).
  function automatic logic [31:0] rsqrt(logic [31:0] d);
    // verilator no_inline_task
    logic [63:0] y;
    y = {32'h0, Rsqrt[16*(32'(d[31:24]) - 64) +: 16], 16'h0};
    for (int unsigned i = 0; i < 2; i++) begin
      y = (y * ((64'h3 << 31) - ((64'(d) * ((y * y) >> 31)) >> 30))) >> 32;
    end
    return y[31:0];
  endfunction

  // 2^-below with 24 fraction bits, below >= 0: 0 from 32 on, held just under 1.
  function automatic logic [31:0] power_below(logic [31:0] below);
    // verilator no_inline_task
    logic [63:0] z, p;
    int unsigned e;
    e = 32'(below[31:23]);
    if (e >= 132) return 32'h0;  // 32 and more
    z = {40'h0, e != 0, below[22:0]};
    if (e >= 124) z = z << (e - 124);  // 26 fraction bits
    else if (e > 60) z = rounding_shift(z, 124 - e);
    else z = 64'h0;
    p = rounding_shift(64'(exp2_negative(z[25:0])), 32'(z[30:26]) + 7);
    return (p > 64'hff_ffff) ? 32'hff_ffff : p[31:0];
  endfunction

  // {sine, cosine} of phase / 2^64 turns, as elements.
  function automatic logic [63:0] sine_cosine(logic [63:0] phase);
    // verilator no_inline_task
    logic [41:0]        angle;
    int unsigned        entry;
    logic [63:0]        b, square, cube, s, c;
    logic [63:0]        table_sine, table_cosine;
    logic signed [63:0] sine, cosine, swap;
    angle        = 42'(phase >> 22);                         // what is used of the phase
    entry        = 32'(angle[39:32]);
    table_sine   = 64'(Sine[32*entry +: 32]);
    table_cosine = 64'(Sine[32*(256-entry) +: 32]);
    b            = (64'(angle[31:0]) * 64'(HalfPi)) >> 33;   // 38 fraction bits
    square       = (b * b) >> 38;
    cube         = (square * b) >> 38;
    s            = (b - ((cube * 64'd43691) >> 18)) >> 7;    // b - b^3 / 6, 31 fraction bits
    c            = ((64'h1 << 38) - (square >> 1)) >> 7;     // 1 - b^2 / 2
    sine         = $signed(table_sine * c + table_cosine * s + (64'h1 << 30)) >>> 31;
    cosine       = $signed(table_cosine * c - table_sine * s + (64'h1 << 30)) >>> 31;
    if (angle[40]) begin
      swap   = sine;
      sine   = cosine;
      cosine = -swap;
    end
    if (angle[41]) begin
      sine   = -sine;
      cosine = -cosine;
    end
    return {fp_from_u64(sine < 0, (sine < 0) ? -sine : sine, -31),
            fp_from_u64(cosine < 0, (cosine < 0) ? -cosine : cosine, -31)};
  endfunction

  // 1 / (1 + e^-x)
  function automatic logic [31:0] sigmoid(logic [31:0] x);
    // verilator no_inline_task
    logic [63:0] z, d;
    logic [31:0] p, q;
    int unsigned e, whole;
    e = 32'(x[30:23]);
    if (e == 0) return 32'h3f00_0000;
    if (e >= 134) return x[31] ? 32'h0 : 32'h3f80_0000;  // 128 and more
    z = 64'({1'b1, x[22:0]}) * 64'(Log2E);
    // 26 fraction bits; nothing is left of 56 bits behind a shift of 58.
    z = (e < 97) ? 64'h0 : rounding_shift(z, 155 - e);
    whole = 32'(z[63:26]);
    p = exp2_negative(z[25:0]);
    d = 64'h8000_0000 + ((whole >= 32) ? 64'h0 : rounding_shift(64'(p), whole));
    q = reciprocal((d > 64'hffff_ffff) ? 32'hffff_ffff : d[31:0]);
    if (x[31]) return fp_from_u64(1'b0, 64'(p) * 64'(q), -62 - int'(whole));
    return fp_from_u64(1'b0, 64'(q), -31);
  endfunction

  // splitmix64's output function (Steele, Lea, Flood 2014).
  function automatic logic [63:0] splitmix(logic [63:0] state);
    logic [63:0] x;
    x = state + 64'h9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 64'hbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 64'h94d049bb133111eb;
    return x ^ (x >> 31);
  endfunction

  // The number `index` of the sequence that begins at `seed`.
  function automatic logic [63:0] splitmix_mix(logic [63:0] seed, logic [63:0] index);
    return splitmix(splitmix(seed) + index * 64'h9e3779b97f4a7c15);
  endfunction

endpackage
