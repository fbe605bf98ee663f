#include "kiln/program/placement.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/model_tensors.hpp"
#include "kiln/config/latencies.hpp"

namespace kiln::program {

namespace {

ArrayPlan plan_array(ArrayKind kind, const Dataflow& dataflow, const config::BakeRecipe& recipe,
                     const config::TileConfig& tile) {
  ArrayPlan plan;
  plan.kind = kind;
  plan.inputs = dataflow.inputs(kind);
  plan.outputs = dataflow.outputs(kind);
  plan.tiles_over_inputs = static_cast<std::uint32_t>(base::ceil_div(plan.inputs, tile.rows));
  plan.tiles_over_outputs = static_cast<std::uint32_t>(base::ceil_div(plan.outputs, tile.columns));
  plan.instances = config::in_layer(dataflow.sections(kind).front().tensor_class) ? dataflow.model().layers : 1;
  plan.weights = std::uint64_t{plan.inputs} * plan.outputs;
  plan.cells = plan.tiles() * tile.rows * tile.columns;
  for (const auto& section : dataflow.sections(kind)) {
    const auto bits = static_cast<std::uint64_t>(recipe.of(section.tensor_class).bits);
    plan.code_bits += std::uint64_t{plan.inputs} * section.rows * bits;
    plan.codebook_values += std::uint64_t{section.rows} << bits;
  }
  return plan;
}

KvPlan plan_kv(const config::ModelConfig& model, const config::KvConfig& kv) {
  KvPlan plan;
  plan.row_words = static_cast<std::uint32_t>(base::ceil_div(model.head_dim, kv.width_bytes));
  plan.token_words = model.kv_heads * plan.row_words + kv.row_pad_words;
  plan.capacity_tokens = std::uint64_t{kv.banks} * kv.depth_words / (2 * std::uint64_t{plan.token_words});
  constexpr std::uint64_t kExponentBits = 9;  // -135 ... 128, and -256 of a group of zeros
  plan.exponent_bits_per_token = 2 * kExponentBits * model.kv_heads * base::ceil_div(model.head_dim, 64);
  return plan;
}

std::uint64_t adapter_bytes(std::uint64_t rows, std::uint64_t columns) {
  return rows * (columns + base::ceil_div(columns, 64) + 4);
}

AdapterPlan plan_adapter(const Dataflow& dataflow) {
  AdapterPlan plan;
  for (std::size_t i = 0; i < kArrays; ++i) {
    const auto kind = static_cast<ArrayKind>(i);
    for (const auto& section : dataflow.sections(kind)) {
      const std::uint64_t rank = dataflow.adapter().rank(section.tensor_class);
      if (rank == 0) continue;
      plan.arrays[i].down_weights += rank * dataflow.inputs(kind);
      plan.arrays[i].up_weights += rank * section.rows;
      plan.arrays[i].outputs += section.rows;
      plan.bytes_per_layer += adapter_bytes(rank, dataflow.inputs(kind)) + adapter_bytes(section.rows, rank);
    }
  }
  plan.bytes = plan.bytes_per_layer * dataflow.model().layers;
  std::vector<std::uint64_t> of_chip(dataflow.stages().back().chip + std::size_t{1});
  for (const Stage& stage : dataflow.stages()) of_chip[stage.chip] += stage.layers * plan.bytes_per_layer;
  plan.bytes_of_chip = *std::ranges::max_element(of_chip);
  return plan;
}

base::Status check_adapter(const AdapterPlan& plan, const config::ChipConfig& chip) {
  if (plan.bytes == 0) return {};
  if (!chip.lora) {
    return base::Error{
        fmt::format("chip {} has no LoRA unit: an object /lora is expected where an adapter is resident", chip.name)};
  }
  const std::uint64_t capacity = std::uint64_t{chip.lora->sram_kib} * 1024;
  if (plan.bytes_of_chip <= capacity) return {};
  return base::Error{fmt::format("chip {}: the adapter takes {} bytes of SRAM, /lora/sram_kib are {} bytes", chip.name,
                                 plan.bytes_of_chip, capacity)};
}

/// One stage a chip, or one a layer and one for the head.
std::vector<Stage> cut_stages(const config::ModelConfig& model, const config::ChipConfig& chip) {
  std::vector<Stage> stages;
  for (std::uint32_t i = 0; i < chip.chips.count; ++i) {
    const auto border = [&](std::uint64_t chips) {
      return static_cast<std::uint32_t>(chips * model.layers / chip.chips.count);
    };
    const std::uint32_t first = border(i);
    const std::uint32_t last = border(std::uint64_t{i} + 1);
    if (chip.schedule == config::Schedule::LayerSerial) {
      stages.push_back({first, last - first, i});
    } else {
      for (std::uint32_t layer = first; layer < last; ++layer) stages.push_back({layer, 1, i});
    }
  }
  if (chip.schedule == config::Schedule::LayerPipelined) stages.push_back({model.layers, 0, chip.chips.count - 1});
  return stages;
}

}  // namespace

base::Result<Placement> Placement::create(const config::ModelConfig& model, const config::BakeRecipe& recipe,
                                          const config::ChipConfig& chip, const config::AdapterShape& adapter) {
  if (auto valid = model.validate(); !valid) return valid.error();
  base::check(chip.automatic.empty() || config::automatic_latencies(chip).empty(),
              "placement: a latency is auto, and nothing has found its number");
  if (chip.chips.count > model.layers) {
    return base::Error{fmt::format("chip {}: /chips/count is {}, {} has {} layers to share among them", chip.name,
                                   chip.chips.count, model.name, model.layers)};
  }
  Placement placement(Dataflow(model, cut_stages(model, chip), adapter), chip);
  placement.adapter_ = plan_adapter(placement.dataflow_);
  if (auto fits = check_adapter(placement.adapter_, chip); !fits) return fits.error();
  for (std::size_t i = 0; i < kArrays; ++i) {
    const auto kind = static_cast<ArrayKind>(i);
    const config::TileConfig& tile = placement.tile(kind);
    base::check(tile.complete(), "placement: a tile lacks the parameters of its microarchitecture");
    placement.arrays_[i] = plan_array(kind, placement.dataflow_, recipe, tile);
  }
  placement.kv_ = plan_kv(model, chip.kv);
  if (placement.kv_.capacity_tokens == 0) {
    return base::Error{fmt::format(
        "chip {}: the KV SRAM holds {} words a layer (/kv/banks x /kv/depth_words), one token of {} needs {}",
        chip.name, std::uint64_t{chip.kv.banks} * chip.kv.depth_words, model.name,
        2 * std::uint64_t{placement.kv_.token_words})};
  }
  return placement;
}

}  // namespace kiln::program
