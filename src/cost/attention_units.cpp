// What attention is made of: its lanes, the score buffer, the KV SRAM and the crossbar between its banks and the lanes.
#include <algorithm>
#include <cmath>

#include "cost/units.hpp"
#include "kiln/cost/circuits.hpp"

namespace kiln::cost {
namespace {

using namespace circuits;
using floorplan::BlockKind;
using program::Unit;

constexpr double kBinary32 = 32;              // bits of binary32
constexpr double kScoreMac = 16 + kGroupSum;  // registers of a product of q and k, and of its sum
constexpr double kValueMac = 40;              // of a product of a probability and v

}  // namespace

void add_attention(std::vector<Amount>& all, const program::Placement& placement) {
  const auto& chip = placement.chip();
  const auto& model = placement.model();
  const auto& a = chip.attention;
  const double group = static_cast<double>(model.heads) / model.kv_heads;
  const double heads = std::min(a.heads_parallel, model.kv_heads);
  const double width = std::min(chip.kv.width_bytes, model.head_dim);
  const double macs = heads * a.tokens_parallel * width * group;
  const double scores = heads * a.tokens_parallel * group;  // that may be ready in a cycle
  const double capacity = static_cast<double>(placement.kv().capacity_tokens);
  const auto add = [&](const char* what, double transistors, double flip_flops) {
    all.push_back(logic(Unit::Attention, what, transistors, flip_flops));
  };
  add("input", a.input_lanes * quantise_lane(), a.input_lanes * kBinary32);
  add("scores", macs * (score_mac() - registers(kScoreMac)), macs * kScoreMac + scores * kBinary32 * a.score_cycles);
  add("softmax", a.softmax_lanes * softmax_lane(0), a.softmax_lanes * kBinary32 * a.softmax_cycles);
  add("values", macs * (value_mac() - registers(kValueMac)),
      macs * kValueMac + heads * group * width * 64 * a.value_cycles + 64.0 * model.heads * model.head_dim);
  add("output", a.output_lanes * output_lane() + reciprocal(),
      kBinary32 * (a.reciprocal_cycles + static_cast<double>(model.heads) * model.head_dim));
  // Scores of a token wait for the largest: one a head and token, written as they come, read by the softmax.
  all.push_back({.unit = Unit::Attention,
                 .what = "score buffer",
                 .kind = BlockKind::Sram,
                 .bits = kBinary32 * model.heads * capacity,
                 .words = std::max(1.0, model.heads * capacity / std::max<double>(a.softmax_lanes, scores))});
}

void add_kv(std::vector<Amount>& all, const program::Placement& placement, std::uint32_t layers) {
  const auto& chip = placement.chip();
  const double width = 8.0 * chip.kv.width_bytes;
  const double capacity = static_cast<double>(placement.kv().capacity_tokens);
  all.push_back({.unit = Unit::KvSram,
                 .what = "keys and values",
                 .kind = BlockKind::Sram,
                 .bits = width * chip.kv.banks * chip.kv.depth_words * layers,
                 .words = static_cast<double>(chip.kv.depth_words) * layers,
                 .ports = chip.kv.ports,
                 .tiles = chip.kv.banks});
  const double exponents = static_cast<double>(placement.kv().exponent_bits_per_token) * capacity * layers;
  all.push_back({.unit = Unit::KvSram,
                 .what = "exponents",
                 .kind = BlockKind::Sram,
                 .bits = exponents,
                 .words = std::max(1.0, capacity * layers / chip.attention.tokens_parallel),
                 .tiles = chip.kv.banks});
  const double ends = crossbar_ends(placement);
  const double words = std::min(ends, static_cast<double>(chip.kv.banks) * chip.kv.ports);
  all.push_back(logic(Unit::KvSram, "crossbar", ends * crossbar_word(ends, width),
                      words * width * chip.kv.read_cycles + 8.0 * chip.attention.input_lanes * chip.kv.write_cycles));
}

double score_mac() { return multiplier(8, 8) + adder(kGroupSum) + registers(kScoreMac); }
double value_mac() { return multiplier(32, 8) + registers(kValueMac) + adder(40); }
double softmax_lane(double cycles) {
  return to_float(32) + float_multiplier() + float_adder() + exponential() + adder(48) + registers(cycles * kBinary32);
}
double output_lane() { return multiplier(64, 32) + to_float(96); }

double crossbar_ends(const program::Placement& placement) {
  const auto& chip = placement.chip();
  const double heads = std::min(chip.attention.heads_parallel, placement.model().kv_heads);
  return std::max(static_cast<double>(chip.kv.banks) * chip.kv.ports, heads * chip.attention.tokens_parallel);
}

double crossbar_levels(double ends) { return ends > 1 ? 2 * std::ceil(std::log2(ends)) - 1 : 0; }

double crossbar_word(double ends, double bits) { return crossbar_levels(ends) * kMultiplexer * bits; }

}  // namespace kiln::cost
