#include "kiln/cost/energy.hpp"

#include <algorithm>
#include <cmath>

#include "cost/memory.hpp"
#include "cost/tile.hpp"
#include "cost/tile_shape.hpp"
#include "cost/units.hpp"
#include "cost/wires.hpp"
#include "kiln/cost/circuits.hpp"

namespace kiln::cost {
namespace {

using base::Corner;
using base::Range;
using program::ArrayKind;
using program::Unit;

constexpr double kRandom = 0.5;  // toggles of a bit at which the energy of an operation is stated

/// Sums joules of a run by what spends them.
class Account {
 public:
  /// `supply`: against the one that the technology's energies are of.
  Account(const config::TechConfig& tech, const RunFigures& run, const Range& supply)
      : tech_(tech), run_(run), dynamic_(supply * supply) {}

  /// Operations of a circuit of so many transistors. `data`: what share of random data's toggles it sees.
  void logic(const std::string& what, double operations, double transistors, const Range& data) {
    Range joules;
    for (const Corner c : base::kCorners)
      joules.at(c) = operations * transistors * tech_.logic_fj_per_transistor.at(c) * 1e-15 * data.at(c) / kRandom;
    dynamic(what, joules);
  }
  void bytes(const std::string& what, double bytes, const Range& pj) { dynamic(what, pj * (bytes * 1e-12)); }
  /// Bits over millimetres, of which `toggles` change.
  void wire(const std::string& what, double bit_mm, const Range& toggles) {
    dynamic(what, tech_.wire_pj_per_bit_mm.range() * toggles * (bit_mm * 1e-12));
  }
  /// What is stated at the technology's supply and rises with its square.
  void dynamic(const std::string& what, const Range& joules) { add(what, joules * dynamic_); }
  void add(const std::string& what, const Range& joules) {
    const Range mj = joules * (1e3 / static_cast<double>(run_.tokens));
    const auto at = std::find_if(parts_.begin(), parts_.end(), [&](const EnergyPart& p) { return p.what == what; });
    if (at == parts_.end())
      parts_.push_back({what, mj});
    else
      at->mj_per_token += mj;
  }
  [[nodiscard]] const std::vector<EnergyPart>& parts() const { return parts_; }

 private:
  const config::TechConfig& tech_;
  const RunFigures& run_;
  Range dynamic_;
  std::vector<EnergyPart> parts_;
};

/// Typical area of a stage's unit, in the stage with the most layers; of the LM head's in the last.
class StageAreas {
 public:
  StageAreas(const program::Placement& placement, const config::BakeRecipe& recipe, const config::TechConfig& tech)
      : tech_(tech) {
    const auto& stages = placement.dataflow().stages();
    const auto most = std::max_element(stages.begin(), stages.end(),
                                       [](const auto& a, const auto& b) { return a.layers < b.layers; });
    layers_of_one_ = most->layers;
    layers_ = stage_amounts(placement, recipe, static_cast<std::uint32_t>(most - stages.begin()));
    last_ = stage_amounts(placement, recipe, static_cast<std::uint32_t>(stages.size() - 1));
  }
  [[nodiscard]] double of(Unit unit) const {
    double mm2 = 0;
    for (const auto& amount : unit == Unit::LmHeadArray ? last_ : layers_)
      if (amount.unit == unit) mm2 += priced(amount, tech_).area_mm2.typical;
    return mm2;
  }
  /// Of the stage that has the unit.
  [[nodiscard]] StageArea stage(bool with_head) const {
    StageArea area;
    for (const auto& amount : with_head ? last_ : layers_)
      area.add(amount.unit, priced(amount, tech_).area_mm2.typical, tech_);
    return area;
  }
  /// That share an array.
  [[nodiscard]] std::uint32_t layers(ArrayKind kind) const { return kind == ArrayKind::LmHead ? 1 : layers_of_one_; }

 private:
  const config::TechConfig& tech_;
  std::uint32_t layers_of_one_ = 1;
  std::vector<Amount> layers_, last_;
};

double unit_layers(const program::Placement& placement, ArrayKind kind) {
  return kind == ArrayKind::LmHead ? 1 : placement.model().layers;
}

/// What every part of the energy needs.
struct Question {
  const program::Placement& placement;
  const config::BakeRecipe& recipe;
  const config::TechConfig& tech;
  const RunFigures& run;
  Range activations, products, assumed;  ///< share of bits that change
};

void add_array(const Question& q, const StageAreas& areas, ArrayKind kind, Account& account) {
  const auto& plan = q.placement.array(kind);
  const double times = unit_layers(q.placement, kind) *
                       static_cast<double>(kind == ArrayKind::LmHead ? q.run.logits_tokens : q.run.tokens);
  const double weights = times * static_cast<double>(plan.weights);
  const double formed = times * plan.inputs * plan.tiles_over_outputs;
  const double groups = std::ceil(plan.inputs / 64.0);
  const TileShape shape =
      tile_shape(q.placement, kind, areas.layers(kind), areas.of(program::array_unit(kind)), q.tech);
  const bool wires = q.placement.chip().silicon->rom_cell == config::RomCell::Metal;  // no codes to read
  const TileCircuits circuits = tile_circuits(q.placement, q.recipe, kind);
  account.logic("products formed", formed, circuits.bank, q.activations);
  // Every column of every tile that the input is for: its piece of the lines, and its gates on them.
  const double columns = times * plan.inputs * plan.outputs;
  account.wire("products across tiles",
               columns * circuits.column_lines * circuits.line_uses * (shape.column_mm + shape.column_load_mm),
               circuits.forms_products ? q.products : q.activations);
  account.wire("activations to tiles", formed * 8 * shape.side_mm, q.activations);
  account.logic("selections and accumulations", weights, circuits.per_weight, q.products);
  account.bytes(
      "ROM reads",
      times * ((wires ? 0 : static_cast<double>(plan.code_bits) / 8) + static_cast<double>(plan.outputs) * groups),
      q.tech.rom_pj_per_byte.range());
  account.logic("group scales", times * static_cast<double>(plan.outputs) * groups, circuits.scale_lane, q.assumed);
  const double additions = times * static_cast<double>(plan.outputs) * (plan.tiles_over_inputs - 1);
  account.logic("reduction trees", additions, tree_adder(), q.assumed);
  account.logic("reduction trees", times * static_cast<double>(plan.outputs),
                row_scale(q.placement.chip().reduction.scale_cycles), q.assumed);
}

/// The keys and values of a run's words: longer lines in cells of several ports, every copy written.
void add_kv(const Question& q, const StageAreas& areas, Account& account) {
  const auto& a = q.run.activity;
  const auto& kv = q.placement.chip().kv;
  const Ports ports = sram_ports(q.tech, kv.ports);
  const double read = static_cast<double>(a.kv_words_read), written = static_cast<double>(a.kv_words_written);
  account.bytes("KV SRAM", (read + written * ports.copies) * kv.width_bytes,
                q.tech.sram_pj_per_byte.range() * ports.line());
  const double bits = 8.0 * kv.width_bytes;
  account.wire("KV words to attention", (read + written) * bits * std::sqrt(areas.of(Unit::KvSram)) / 2, q.assumed);
  account.logic("KV words to attention", read, crossbar_word(crossbar_ends(q.placement), bits), q.assumed);
}

void add_attention(const Question& q, Account& account) {
  const auto& a = q.run.activity;
  account.logic("attention", static_cast<double>(a.score_macs), score_mac(), q.assumed);
  account.logic("attention", static_cast<double>(a.value_macs), value_mac(), q.assumed);
  account.logic("attention", static_cast<double>(a.exponentials),
                softmax_lane(q.placement.chip().attention.softmax_cycles), q.assumed);
  const auto& model = q.placement.model();
  const double results = static_cast<double>(q.run.tokens) * model.layers * model.heads * model.head_dim;
  account.logic("attention", results, output_lane(), q.assumed);
  // A score is written once, and read once when the largest is known.
  account.bytes("score buffer", 2 * 4.0 * static_cast<double>(a.exponentials), q.tech.sram_pj_per_byte.range());
}

/// Links: wires of their real length and width, and a register for each beat and stage.
void add_links(const Question& q, const StageAreas& areas, Account& account) {
  const StageArea layers = areas.stage(false), last = areas.stage(true);
  for (const Bus& bus : buses(q.placement)) {
    const bool of_head = bus.from == Unit::LmHeadArray || bus.to == Unit::LmHeadArray || bus.from == Unit::LmHeadTree ||
                         bus.from == Unit::Sampler;
    const double bits =
        static_cast<double>(of_head ? q.run.logits_tokens : q.run.tokens) * bits_per_token(q.placement, bus);
    account.wire(bus.link == config::Link::ArrayToTree ? "sums to trees" : "links",
                 bits * length(bus, of_head ? last : layers).mean_mm, q.assumed);
  }
  const double beat_bits = 32.0 * q.placement.chip().link.beat_elements();
  account.logic("links", static_cast<double>(q.run.activity.link_beats) * beat_bits, circuits::kFlipFlop, q.assumed);
}

/// Vector unit, embedding ROM, sampler, LoRA unit, links between chips.
void add_periphery(const Question& q, Account& account) {
  const auto& a = q.run.activity;
  const auto& chip = q.placement.chip();
  account.logic("vector unit", static_cast<double>(a.vector_elements), vector_operation(), q.assumed);
  account.bytes("embedding",
                static_cast<double>(a.embedding_reads) * q.recipe.of(config::TensorClass::Embedding).bits / 8,
                q.tech.rom_pj_per_byte.range());
  account.logic("embedding", static_cast<double>(a.embedding_reads), embedding_lane(), q.assumed);
  account.logic("sampler", static_cast<double>(a.logits_compared), compare_lane(chip.sampler), q.assumed);
  account.bytes("LoRA", static_cast<double>(a.lora_macs), q.tech.sram_pj_per_byte.range());
  account.logic("LoRA", static_cast<double>(a.lora_macs), lora_mac(), q.assumed);
  if (chip.chips.count > 1) {
    const double dies = chip.chips.count;
    const double bits = (dies - 1) * 32.0 * q.placement.model().hidden_size * static_cast<double>(q.run.tokens);
    account.add("links between chips", q.tech.chip_link_pj_per_bit.range() * (bits * 1e-12));
  }
}

/// What goes on whether or not anything is computed.
void add_standing(const Question& q, const Die& die, double seconds, const Range& supply, Account& account) {
  const double dies = q.placement.chip().chips.count;
  account.add("leakage", die.leakage_w * supply * supply * supply * (dies * seconds));
  Range clock;
  double flip_flops = 0;
  for (const auto& part : die.parts) {
    flip_flops += part.flip_flops;
    const bool array = part.kind == floorplan::BlockKind::Rom || part.kind == floorplan::BlockKind::Sram;
    for (const Corner c : base::kCorners)
      clock.at(c) += part.unit ? part.area_mm2.at(c) * q.tech.clock_pj_per_mm2_cycle.at(c) *
                                     (array ? q.tech.clock_array_factor.at(c) : 1)
                               : 0;
  }
  const double cycles = dies * static_cast<double>(q.run.cycles);
  account.dynamic("clock", clock * (1e-12 * cycles));
  account.dynamic("clocks of registers", q.tech.flip_flop_clock_fj.range() * q.tech.clock_enabled_share.range() *
                                             (1e-15 * flip_flops * cycles));
  account.add("host interface", q.tech.host_io_w.range() * seconds);
}

/// The supply at which the slowest path meets the clock, against the one that delays are of; not below it.
Range supply_of(const program::Placement& placement, const config::BakeRecipe& recipe, const config::TechConfig& tech,
                const Die& die) {
  double speed = 1;
  for (const ClockPath& path : clock_paths(placement, recipe, tech, die.tile_line_mm))
    if (!path.outside) speed = std::max(speed, path.delay_ps.typical / path.available_ps);
  Range supply;
  for (const Corner c : base::kCorners) supply.at(c) = std::pow(speed, tech.supply_exponent.at(c));
  return supply;
}

}  // namespace

Energy energy(const program::Placement& placement, const config::BakeRecipe& recipe, const config::TechConfig& tech,
              const Die& die, const RunFigures& run) {
  const double seconds = static_cast<double>(run.cycles) / (placement.chip().clock_mhz * 1e6);
  const Range assumed = tech.toggle_rate.range();
  const auto measured = [&](double rate) { return Range{rate, rate, rate}; };
  const Question question{placement,
                          recipe,
                          tech,
                          run,
                          run.toggles ? measured(run.toggles->activations) : assumed,
                          run.toggles ? measured(run.toggles->products) : assumed,
                          assumed};
  const StageAreas areas(placement, recipe, tech);
  const Range supply = supply_of(placement, recipe, tech, die);
  Account account(tech, run, supply);
  for (std::size_t k = 0; k < program::kArrays; ++k) add_array(question, areas, static_cast<ArrayKind>(k), account);
  add_kv(question, areas, account);
  add_attention(question, account);
  add_links(question, areas, account);
  add_periphery(question, account);
  add_standing(question, die, seconds, supply, account);

  Energy result{account.parts(), {}, {}};
  for (const auto& part : result.parts) result.mj_per_token += part.mj_per_token;
  if (seconds > 0) result.power_w = result.mj_per_token * (1e-3 * static_cast<double>(run.tokens) / seconds);
  return result;
}

}  // namespace kiln::cost
