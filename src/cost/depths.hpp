// Depth of each unit's function, in FO4 (delays.hpp): what is between the register that it begins at and the one that
// keeps its result, with no register between. Composed from circuits as the RTL composes them; docs/validation/depth.md
// holds them against Yosys. A loop over lanes is a tree here: its operation is associative, so the order is free.
// `*_loop`: what must be over in one cycle, because its result is what it begins with in the next.
#pragma once

namespace kiln::cost::depths {

// binary32, docs/numerics.md
double round();                ///< to 24 bits, and what becomes of the exponent
double to_float(double bits);  ///< of an integer
double float_multiply();
double float_add();
double align();         ///< a significand to a group's largest exponent
double exponential();   ///< 2^-f
double power();         ///< 2^-x of an element x
double reciprocal();    ///< of 32 bits: table, two steps
double inverse_root();  ///< of 32 bits: table, two steps
double sine_and_cosine();

// Vector unit
double residual_add(double lanes);  ///< and the largest exponent of the lanes
double squares(double lanes);
double squares_loop();
double root_of_mean();  ///< from the sum of squares
double scale();
double rope();
double silu();
double hadamard(double elements);
double quantise(double elements);

// Arrays and trees
double scale_and_shift();  ///< of a group's sum
double sums_loop();        ///< the accumulation of what that gives
double tree_level(double fan_in);
double row_scale();

// Attention
double dot_product(double elements);  ///< of a word of keys
double dot_product_loop();
double score(double groups);
double largest_score_loop();
double probability();
double probability_loop();
double value_weight();
double value_sum(double tokens);
double value_loop();
double quotient();

// Embedding, sampler, sequencer
double embedding_element();
double best_of(double logits, double kept);  ///< lists of the best so far, merged level by level
double best_loop(double kept);
double logit_weight();
double draw(double kept);
double turn(double slots);  ///< the first after the last one that has a token
double turn_loop(double slots);
double finish();

// No RTL: gates counted
double adapter_product();
double adapter_sum(double weights);
double frame();  ///< a link's frame: its check sum, and the change of clock at its end

}  // namespace kiln::cost::depths
