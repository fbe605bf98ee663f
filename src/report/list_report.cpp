#include "report/list_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "report/cost_json.hpp"
#include "report/document.hpp"
#include "report/point_report.hpp"

namespace kiln::report {
namespace {

using Headings = std::vector<std::string>;
using Cells = std::vector<std::string>;

/// One number where both ends look alike.
std::string from_to(double low, double high) {
  const std::string first = number(low), last = number(high);
  return first == last ? first : fmt::format("{} to {}", first, last);
}

const Headings& headings(const config::ChipConfig*) {
  static const Headings kNames = {"chip", "MHz", "<schedule", "tile", "inputs a cycle", "<technology", "dies"};
  return kNames;
}
Cells cells(const config::ChipConfig& chip) {
  return {chip.name,
          std::to_string(chip.clock_mhz),
          chip.schedule == config::Schedule::LayerSerial ? "layer_serial" : "layer_pipelined",
          fmt::format("{} x {}", chip.tile.rows, chip.tile.columns),
          std::to_string(chip.tile.inputs_per_cycle),
          chip.silicon ? chip.silicon->technology : "none",
          std::to_string(chip.chips.count)};
}

const Headings& headings(const config::ModelConfig*) {
  static const Headings kNames = {"model", "layers", "width", "feed-forward", "KV heads", "vocabulary", "weights"};
  return kNames;
}
Cells cells(const config::ModelConfig& model) {
  return {model.name,
          std::to_string(model.layers),
          grouped(model.hidden_size),
          grouped(model.intermediate_size),
          std::to_string(model.kv_heads),
          grouped(model.vocab_size),
          fmt::format("{} million", number(static_cast<double>(model.active_matrix_weights()) * 1e-6))};
}

const Headings& headings(const config::BakeRecipe*) {
  static const Headings kNames = {"recipe", "bits of q, o, gate, up, down", "of k, v", "of the embedding",
                                  "of the head"};
  return kNames;
}
Cells cells(const config::BakeRecipe& recipe) {
  using config::TensorClass;
  const auto bits = [&](std::initializer_list<TensorClass> classes) {
    std::vector<std::string> all;
    for (const auto tensor : classes) {
      const auto text = std::to_string(recipe.of(tensor).bits);
      if (std::ranges::find(all, text) == all.end()) all.push_back(text);
    }
    return listed(all);
  };
  return {recipe.name, bits({TensorClass::Q, TensorClass::O, TensorClass::Gate, TensorClass::Up, TensorClass::Down}),
          bits({TensorClass::K, TensorClass::V}), bits({TensorClass::Embedding}), bits({TensorClass::LmHead})};
}

const Headings& headings(const config::GpuSpec*) {
  static const Headings kNames = {"gpu", "GB", "GB/s", "TFLOPS bf16", "W", "USD/h"};
  return kNames;
}
Cells cells(const config::GpuSpec& gpu) {
  const auto& price = gpu.price_usd_per_h;
  return {gpu.name,
          number(gpu.memory_gb),
          number(gpu.bandwidth_gb_per_s),
          number(gpu.bf16_tflops),
          number(gpu.power_w),
          price ? from_to(price->low, price->high) : "not known"};
}

const Headings& headings(const config::TechConfig*) {
  static const Headings kNames = {"technology",    "<what it is",    "FO4 ps",
                                  "ROM um2 a bit", "SRAM um2 a bit", "transistors/mm2"};
  return kNames;
}
Cells cells(const config::TechConfig& tech) {
  return {tech.name,
          tech.description,
          number(tech.fo4_ps.typical),
          number(tech.rom_um2_per_bit.back().typical),
          number(tech.sram_um2_per_bit.back().typical),
          fmt::format("{} million", number(1 / tech.logic_um2_per_transistor.typical))};
}

const Headings& headings(const config::ReferenceMachine*) {
  static const Headings kNames = {"machine", "<model", "tokens/s a user", "<stated", "<date"};
  return kNames;
}
Cells cells(const config::ReferenceMachine& machine) {
  return {machine.name, machine.model, from_to(machine.tokens_per_s_user_low, machine.tokens_per_s_user_high),
          std::string(config::kMachineTags[machine.tag]), machine.date};
}

template <class Config>
const Headings& headings_of(const std::vector<Config>&) {
  return headings(static_cast<const Config*>(nullptr));
}

}  // namespace

std::string list_text(const study::ConfigList& list) {
  return std::visit(
      [](const auto& configs) {
        Table table(headings_of(configs));
        for (const auto& config : configs) table.row(cells(config));
        return table.text();
      },
      list);
}

std::string list_json(study::ConfigKind kind, const study::ConfigList& list) {
  Json json = document("list");
  json["kind"] = study::kConfigKinds[kind];
  json["configs"] = Json::array();
  std::visit(
      [&](const auto& configs) {
        const Headings& names = headings_of(configs);
        for (const auto& config : configs) {
          const Cells row = cells(config);
          Json figures = Json::array();
          for (std::size_t i = 1; i < row.size(); ++i)
            figures.push_back(
                Json{{"what", names[i].starts_with('<') ? names[i].substr(1) : names[i]}, {"value", row[i]}});
          json["configs"].push_back(Json{{"name", row[0]}, {"figures", std::move(figures)}});
        }
      },
      list);
  return dump(json);
}

std::string new_chip_text(const study::NewChipAnswer& answer, std::size_t columns) {
  const auto& cost = answer.cost;
  const auto& chip = cost.placement.chip();
  std::string text = verdict_lines(cost.placement, cost.verdict, columns);
  text += wrapped(
      fmt::format(
          "{} mm2{}, {} MHz, {} tokens/s to one user with {} tokens in and {} out, {} W, {} tokens of KV cache; "
          "best of {} chips",
          number(cost.chip.die.area_mm2.typical),
          chip.chips.count == 1 ? "" : fmt::format(" of each of {} dies", chip.chips.count), chip.clock_mhz,
          number(cost.result.speed.tokens_per_s_user.value_or(0)), grouped(cost.lengths.prompt_tokens),
          grouped(cost.lengths.answer_tokens), number(cost.chip.energy.power_w.typical),
          grouped(cost.placement.kv().capacity_tokens), grouped(answer.points)),
      columns);
  return text;
}

std::string new_chip_json(const study::NewChipAnswer& answer) {
  const auto& cost = answer.cost;
  Json json = chip_document("new", std::nullopt, cost.placement, cost.recipe);
  json["config"] = answer.file;
  json["points"] = answer.points;
  json["area_mm2"] = range_json(cost.chip.die.area_mm2);
  json["power_w"] = range_json(cost.chip.energy.power_w);
  json["prompt_tokens"] = cost.lengths.prompt_tokens;
  json["answer_tokens"] = cost.lengths.answer_tokens;
  if (const auto& rate = cost.result.speed.tokens_per_s_user) json["tokens_per_s_user"] = *rate;
  json["buildable"] = cost.verdict.buildable.value_or(false);
  return dump(json);
}

}  // namespace kiln::report
