#include "cost/depths.hpp"

#include "kiln/cost/delays.hpp"

namespace kiln::cost::depths {

using delays::add_up;
using delays::adder;
using delays::compare;
using delays::first_of;
using delays::increment;
using delays::kAnd;
using delays::kMultiplexer;
using delays::largest;
using delays::levels;
using delays::multiplier;
using delays::normalise;
using delays::select;
using delays::shifter;

double round() { return adder(24) + 3 * kMultiplexer; }
double to_float(double bits) { return normalise(bits) + round(); }
double float_multiply() { return multiplier(24, 24) + kMultiplexer + round(); }
double float_add() { return compare(31) + kMultiplexer + adder(8) + shifter(32) + adder(64) + to_float(64); }
double align() { return adder(8) + shifter(32) + adder(25); }
double exponential() { return multiplier(18, 32) + multiplier(40, 40) + adder(40) + multiplier(32, 32); }
/// The binary point, the function, and the point again: two shifts that round.
double power() { return 2 * (shifter(64) + adder(32)) + exponential(); }
double reciprocal() { return select(256) + 2 * (2 * multiplier(32, 64) + adder(32)); }
double inverse_root() { return select(256) + 2 * (3 * multiplier(32, 64) + adder(32)); }
double sine_and_cosine() {
  return multiplier(32, 32) + 3 * multiplier(38, 38) + adder(38) + multiplier(32, 32) + 2 * adder(64) + to_float(64);
}

double residual_add(double lanes) { return float_add() + largest(lanes, 8); }
double squares(double lanes) { return align() + multiplier(25, 25) + add_up(lanes, 68); }
double squares_loop() { return adder(68); }
double root_of_mean() {
  return 3 * (normalise(64) + shifter(64) + adder(64)) + multiplier(32, 32) + inverse_root() + to_float(64);
}
double scale() { return 2 * float_multiply(); }
double rope() { return multiplier(32, 64) + sine_and_cosine() + float_multiply() + float_add(); }
double silu() {
  return multiplier(24, 32) + shifter(64) + adder(64) + exponential() + shifter(32) + adder(32) + reciprocal() +
         multiplier(32, 32) + to_float(64) + 2 * float_multiply();
}
double hadamard(double elements) { return largest(elements, 8) + align() + levels(elements) * adder(31); }
/// The largest magnitude, the smallest step that fits, the codes.
double quantise(double elements) {
  const double code = multiplier(18, 31) + adder(49) + shifter(32);
  return largest(elements, 31) + adder(31) + normalise(32) + code + compare(8) + 3 * kMultiplexer + code;
}

double scale_and_shift() { return multiplier(11, 21) + adder(46) + select(32); }
double sums_loop() { return adder(46); }
double tree_level(double fan_in) { return add_up(fan_in, 46); }
/// A product of 70 bits: the six above 64 are counted, and their number is shifted out below.
double row_scale() { return adder(46) + multiplier(24, 46) + normalise(70 - 64) + shifter(70 - 64) + to_float(64); }

double dot_product(double elements) { return multiplier(8, 8) + add_up(elements, 21); }
double dot_product_loop() { return kAnd + adder(21); }
/// Groups are brought to the largest exponent; a lone one has 21 bits and is not rounded. The factor is a constant, half
/// of whose bits are zero.
double score(double groups) {
  const double aligned = adder(9) + levels(groups) * (compare(10) + kMultiplexer) + adder(10) + adder(32) +
                         shifter(32) + levels(groups) * adder(32);
  const double scaled = multiplier(12, 24) + kMultiplexer + round();
  return (groups > 1 ? aligned : 0) + adder(32) + (groups > 1 ? to_float(32) : normalise(21)) + scaled;
}
double largest_score_loop() { return compare(32) + kMultiplexer; }
double probability() { return float_add() + power(); }
double probability_loop() { return adder(48); }
double value_weight() { return adder(9) + adder(33) + shifter(33); }
double value_sum(double tokens) { return multiplier(8, 32) + add_up(tokens, 64); }
double value_loop() { return adder(64); }
double quotient() {
  return normalise(48) + adder(48) + reciprocal() + adder(64) + multiplier(32, 64) + normalise(128) + shifter(64) +
         to_float(64);
}

double embedding_element() { return adder(8) + multiplier(8, 8) + multiplier(16, 24) + to_float(64); }
double best_of(double logits, double kept) { return levels(logits) * best_loop(kept); }
/// The larger of each pair of places, then sorted in halves.
double best_loop(double kept) { return (1 + levels(kept)) * (compare(32) + kMultiplexer); }
double logit_weight() { return float_add() + float_multiply() + power(); }
/// The weights and their sum; the random number is there before.
double draw(double kept) {
  return logit_weight() + add_up(kept, 27) + multiplier(27, 32) + compare(27) + first_of(kept) + kMultiplexer;
}
double turn(double slots) { return first_of(2 * slots); }
/// Which slots have a token, whose turn it is, what the slot has, and its next position.
double turn_loop(double slots) {
  return select(slots) + compare(32) + 3 * kAnd + turn(slots) + select(slots) + increment(32);
}
double finish() { return compare(32) + 3 * kMultiplexer; }

double adapter_product() { return multiplier(8, 8) + multiplier(11, 21) + adder(46) + shifter(32); }
double adapter_sum(double weights) { return add_up(weights, 46) + row_scale(); }
double frame() { return 2 * 1.6 * levels(256) + 4 * kMultiplexer; }

}  // namespace kiln::cost::depths
