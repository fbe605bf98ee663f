#include "report/bake_report.hpp"

#include <fmt/format.h>

#include <map>

#include "report/document.hpp"
#include "report/table.hpp"
#include "report/units.hpp"

namespace kiln::report {
namespace {

Json distortions(const std::vector<bake::TensorDistortion>& tensors) {
  Json list = Json::array();
  for (const auto& t : tensors) {
    list.push_back(Json{{"tensor", config::kTensorClassNames[t.tensor_class]},
                        {"layer", t.layer.value},
                        {"bits_per_weight", t.bits_per_weight},
                        {"relative_rms_error", t.relative_rms},
                        {"max_error", t.max_error}});
  }
  return list;
}

/// One line a tensor class: a 32-layer model has 226 matrices.
std::string distortion_table(const std::vector<bake::TensorDistortion>& tensors) {
  struct Line {
    std::size_t count = 0;
    double bits = 0;
    double sum = 0;
    double worst = 0;
  };
  std::map<config::TensorClass, Line> lines;
  for (const auto& t : tensors) {
    auto& line = lines[t.tensor_class];
    ++line.count;
    line.bits = t.bits_per_weight;
    line.sum += t.relative_rms;
    line.worst = std::max(line.worst, t.relative_rms);
  }
  Table table({"tensors", "count", "bits per weight", "mean relative RMS error", "largest"});
  for (const auto& [tensor_class, line] : lines) {
    table.row({std::string(config::kTensorClassNames[tensor_class]), grouped(line.count),
               fmt::format("{:.3f}", line.bits), percent(line.sum / static_cast<double>(line.count)),
               percent(line.worst)});
  }
  return table.text();
}

Json tensors_json(const rom::RomImage& image) {
  Json list = Json::array();
  for (const auto& t : image.tensors()) {
    list.push_back(Json{{"tensor", config::kTensorClassNames[t.tensor_class]},
                        {"layer", t.layer.value},
                        {"rows", t.matrix.rows},
                        {"columns", t.matrix.columns},
                        {"code_bits", t.matrix.bits},
                        {"bits_per_weight", t.bits_per_weight()}});
  }
  return list;
}

Json provenance_json(const rom::Provenance& provenance) {
  Json json{{"version", provenance.version}};
  if (provenance.version > rom::kProvenanceVersion) return json;
  json["method"] = provenance.method;
  json["recipe_hash"] = provenance.recipe;
  json["tensors"] = Json::array();
  for (const auto& t : provenance.tensors)
    json["tensors"].push_back(Json{{"tensor", rom::name_of(t.role)}, {"layer", t.layer.value}, {"hash", t.hash}});
  return json;
}

double bits_per_weight(const rom::RomImage& image) {
  std::uint64_t bits = 0;
  std::uint64_t weights = 0;
  for (const auto& t : image.tensors()) {
    bits += t.rom_bits();
    weights += std::uint64_t{t.matrix.rows} * t.matrix.columns;
  }
  return static_cast<double>(bits) / static_cast<double>(weights);
}

const std::string& microarchitecture(const program::Placement& placement, program::ArrayKind kind) {
  return placement.tile(kind).microarchitecture;
}

Json arrays_json(const program::Placement& placement) {
  Json list = Json::array();
  for (std::size_t i = 0; i < program::kArrays; ++i) {
    const auto& a = placement.array(static_cast<program::ArrayKind>(i));
    list.push_back(Json{{"array", name(a.kind)},
                        {"microarchitecture", microarchitecture(placement, a.kind)},
                        {"instances", a.instances},
                        {"inputs", a.inputs},
                        {"outputs", a.outputs},
                        {"tiles_over_inputs", a.tiles_over_inputs},
                        {"tiles_over_outputs", a.tiles_over_outputs},
                        {"weights", a.weights},
                        {"cells", a.cells},
                        {"fill", a.fill()},
                        {"waste", 1.0 - a.fill()},
                        {"code_bits", a.code_bits}});
  }
  return list;
}

std::string arrays_table(const program::Placement& placement) {
  Table table(
      {"tile array", "arrays", "inputs x outputs", "tile", "<microarchitecture", "tiles each", "fill", "waste"});
  for (std::size_t i = 0; i < program::kArrays; ++i) {
    const auto& a = placement.array(static_cast<program::ArrayKind>(i));
    const auto& tile = placement.tile(a.kind);
    table.row({std::string(name(a.kind)), grouped(a.instances), fmt::format("{} x {}", a.inputs, a.outputs),
               fmt::format("{} x {}", tile.rows, tile.columns), microarchitecture(placement, a.kind),
               grouped(a.tiles()), percent(a.fill()), percent(1.0 - a.fill())});
  }
  return fmt::format("on {}: KV cache for {} tokens\n{}", placement.chip().name,
                     grouped(placement.kv().capacity_tokens), table.text());
}

std::string shape_line(const config::ModelConfig& m) {
  return fmt::format(
      "{}: {} layers, hidden {}, FFN {}, {} heads / {} KV heads x {}, \n  vocabulary {}, context {}, {} embeddings\n",
      m.name, m.layers, m.hidden_size, m.intermediate_size, m.heads, m.kv_heads, m.head_dim, grouped(m.vocab_size),
      grouped(m.max_context), m.tied_embeddings ? "tied" : "untied");
}

/// The first few, and how many more there are.
std::string first_of(const std::vector<std::string>& sentences, std::string_view what) {
  constexpr std::size_t kMost = 4;
  std::string text;
  for (std::size_t i = 0; i < std::min(kMost, sentences.size()); ++i)
    text += hanging(fmt::format("  {}: {}", what, sentences[i]), 4, kTerminalColumns);
  if (sentences.size() > kMost) text += fmt::format("  {}: {} more\n", what, sentences.size() - kMost);
  return text;
}

std::string comparison_text(const bake::Comparison& comparison) {
  std::string text = distortion_table(comparison.tensors);
  for (const auto& sentence : comparison.differences) text += hanging("  differs: " + sentence, 4, kTerminalColumns);
  for (const auto& sentence : comparison.beyond_bound)
    text += hanging("  beyond its bound: " + sentence, 4, kTerminalColumns);
  text += first_of(comparison.other_hashes, "another tensor");
  text += first_of(comparison.other_codes, "another code or scale");
  if (comparison.hashes_recorded && comparison.hashes_checked > 0)
    text += fmt::format("{} of {} tensors have the recorded hash\n",
                        comparison.hashes_checked - comparison.other_hashes.size(), comparison.hashes_checked);
  if (!comparison.tensors.empty())
    text +=
        fmt::format("{} of {} matrices were baked again, {} with the same codes and scales\n", comparison.codes_checked,
                    comparison.tensors.size(), comparison.codes_checked - comparison.other_codes.size());
  if (comparison.bytes)
    text += wrapped(comparison.bytes->equal ? "every byte is as baking again writes it"
                                            : "not every byte is the same: " + comparison.bytes->difference);
  if (!comparison.matches()) return text + "the image does NOT hold this checkpoint\n";
  if (comparison.hashes_recorded) return text + "the image holds this checkpoint\n";
  return text +
         "the image holds the codes and scales of this checkpoint; an older Kiln baked it and recorded no\n"
         "  hashes, so that a change too small to alter one cannot be seen: bake it again for a full proof\n";
}

Json comparison_json(const bake::Comparison& comparison) {
  Json json{{"matches", comparison.matches()},
            {"differences", comparison.differences},
            {"beyond_bound", comparison.beyond_bound},
            {"tensor_hashes",
             {{"recorded", comparison.hashes_recorded},
              {"checked", comparison.hashes_checked},
              {"differing", comparison.other_hashes}}},
            {"codes", {{"matrices_checked", comparison.codes_checked}, {"differing", comparison.other_codes}}},
            {"tensors", distortions(comparison.tensors)}};
  if (comparison.bytes)
    json["rebake"] = Json{{"equal", comparison.bytes->equal}, {"difference", comparison.bytes->difference}};
  return json;
}

}  // namespace

std::string bake_json(const study::BakeAnswer& summary) {
  Json json = document("bake");
  json["rom_hash"] = summary.report.content_hash;
  json["model"] = model_json(summary.model);
  json["recipe"] = recipe_json(summary.recipe);
  json["file_bytes"] = summary.report.file_bytes;
  json["weights"] = summary.report.weights;
  json["bits_per_weight"] = summary.report.bits_per_weight;
  json["tensors"] = distortions(summary.report.tensors);
  json["host"] = host_json(summary.host);
  return dump(json);
}

std::string bake_text(const study::BakeAnswer& summary) {
  std::string text = shape_line(summary.model);
  text += distortion_table(summary.report.tensors);
  text += fmt::format("{} weights, {:.3f} bits per weight with scales and codebooks, recipe {}\n",
                      grouped(summary.report.weights), summary.report.bits_per_weight, summary.recipe.name);
  text += fmt::format("{}: {}, baked in {} ({:.0f} MiB of memory at most)\nhash {}\n", summary.output,
                      bytes(summary.report.file_bytes), seconds(summary.host.wall_s), summary.host.peak_memory_mib,
                      summary.report.content_hash);
  return text;
}

std::string inspect_json(const study::RomInspection& inspection) {
  const auto& image = inspection.image;
  Json json = document("inspect");
  json["kind"] = "rom";
  json["rom_hash"] = image.content_hash();
  json["file_bytes"] = image.file_bytes();
  json["model"] = model_json(image.model());
  json["recipe"] = recipe_json(image.recipe());
  json["tokenizer"] = image.tokenizer().has_value();
  json["bits_per_weight"] = bits_per_weight(image);
  json["tensors"] = tensors_json(image);
  if (image.provenance()) json["provenance"] = provenance_json(*image.provenance());
  if (inspection.placement) {
    json["chip"] = inspection.placement->chip().name;
    json["tile_arrays"] = arrays_json(*inspection.placement);
    json["kv_capacity_tokens"] = inspection.placement->kv().capacity_tokens;
  }
  if (inspection.comparison) json["comparison"] = comparison_json(*inspection.comparison);
  return dump(json);
}

std::string inspect_text(const study::RomInspection& inspection) {
  const auto& image = inspection.image;
  std::string text = "ROM image of " + shape_line(image.model());
  text += fmt::format("recipe {}, {}, {:.3f} bits per weight, {} tokenizer\nhash {}\n", image.recipe().name,
                      bytes(image.file_bytes()), bits_per_weight(image), image.tokenizer() ? "with" : "without",
                      image.content_hash());
  if (image.provenance() && !image.provenance()->tensors.empty())
    text +=
        fmt::format("with the hashes of the {} tensors that it was baked from\n", image.provenance()->tensors.size());
  struct Line {
    std::size_t count = 0;
    const rom::RomTensor* first = nullptr;
    std::uint64_t bits = 0;
    std::uint64_t weights = 0;
  };
  std::map<config::TensorClass, Line> lines;
  for (const auto& t : image.tensors()) {
    auto& line = lines[t.tensor_class];
    if (line.count++ == 0) line.first = &t;
    line.bits += t.rom_bits();
    line.weights += std::uint64_t{t.matrix.rows} * t.matrix.columns;
  }
  Table table({"tensors", "count", "rows x columns", "code bits", "bits per weight"});
  for (const auto& [tensor_class, line] : lines) {
    table.row({std::string(config::kTensorClassNames[tensor_class]), grouped(line.count),
               fmt::format("{} x {}", line.first->matrix.rows, line.first->matrix.columns),
               std::to_string(line.first->matrix.bits),
               fmt::format("{:.3f}", static_cast<double>(line.bits) / static_cast<double>(line.weights))});
  }
  text += table.text();
  if (inspection.placement) text += "\n" + arrays_table(*inspection.placement);
  if (inspection.comparison) text += "\n" + comparison_text(*inspection.comparison);
  return text;
}

std::string inspect_json(const checkpoint::Checkpoint& checkpoint) {
  Json json = document("inspect");
  json["kind"] = checkpoint.kind();
  json["model"] = model_json(checkpoint.config());
  json["tokenizer"] = checkpoint.tokenizer().has_value();
  json["tensors"] = Json::array();
  for (const auto& t : checkpoint.tensors()) {
    json["tensors"].push_back(Json{{"name", t.name},
                                   {"rows", t.rows},
                                   {"columns", t.columns},
                                   {"format", t.format},
                                   {"bits_per_weight", t.bits_per_weight}});
  }
  return dump(json);
}

std::string inspect_text(const checkpoint::Checkpoint& checkpoint) {
  std::map<std::string, std::pair<std::size_t, std::uint64_t>> formats;
  std::uint64_t weights = 0;
  double bits = 0;
  for (const auto& t : checkpoint.tensors()) {
    auto& [count, sum] = formats[t.format];
    ++count;
    sum += t.rows * t.columns;
    weights += t.rows * t.columns;
    bits += t.bits_per_weight * static_cast<double>(t.rows * t.columns);
  }
  std::string text = fmt::format("{} checkpoint of {}", checkpoint.kind(), shape_line(checkpoint.config()));
  text +=
      fmt::format("{} tensors, {} weights, {:.3f} bits per weight, {} tokenizer\n", checkpoint.tensors().size(),
                  grouped(weights), bits / static_cast<double>(weights), checkpoint.tokenizer() ? "with" : "without");
  Table table({"format", "tensors", "weights"});
  for (const auto& [format, counts] : formats) table.row({format, grouped(counts.first), grouped(counts.second)});
  return text + table.text();
}

}  // namespace kiln::report
