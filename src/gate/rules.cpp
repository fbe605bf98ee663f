// Which figures of a document a baseline takes, and how exactly each must come again. Cycles, tokens, counts and hashes are
// the same on every machine, and so is what follows from them; the fp32 reference's figures may differ in their last
// digits, and accuracy is held to a share that people would notice.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/hash.hpp"
#include "gate/arguments.hpp"
#include "gate/baseline.hpp"

namespace kiln::gate {
namespace {

using enum Direction;

struct Rule {
  std::string_view path, unit;
  double tolerance;
  Direction direction;
};

constexpr double kLastDigits = 1e-6;  ///< of fp32 sums in another order
constexpr double kAccuracy = 1e-3;

constexpr std::array kPoint = {Rule{"cycles_total", "cycles", 0, Equal},
                               Rule{"cycles_per_token", "cycles", 0, Equal},
                               Rule{"tokens_per_s_user", "tokens/s", 0, Higher},
                               Rule{"tokens_per_s_total", "tokens/s", 0, Higher},
                               Rule{"ttft_us", "us", 0, Lower},
                               Rule{"prompt_tokens", "tokens", 0, Equal},
                               Rule{"generated_tokens", "tokens", 0, Equal},
                               Rule{"kv.capacity_tokens", "tokens", 0, Higher},
                               Rule{"verdict.buildable", "", 0, Equal},
                               Rule{"area_mm2.typical", "mm2", 0, Lower},
                               Rule{"power_w.typical", "W", 0, Lower},
                               Rule{"energy_mj_per_token.typical", "mJ", 0, Lower},
                               Rule{"chip_config_hash", "", 0, Equal}};
constexpr std::array kRun = {
    Rule{"rom_hash", "", 0, Equal}, Rule{"text", "", 0, Equal}, Rule{"closed_form.agrees", "", 0, Equal},
    Rule{"host.kernel_events_per_token", "events", 0, Equal}, Rule{"host.bytes_read_per_token", "bytes", 0, Lower}};
constexpr std::array kEval = {Rule{"rom_hash", "", 0, Equal},
                              Rule{"text_tokens", "tokens", 0, Equal},
                              Rule{"scored_tokens", "tokens", 0, Equal},
                              Rule{"chip.perplexity", "", kAccuracy, Lower},
                              Rule{"reference.perplexity", "", kLastDigits, Lower},
                              Rule{"kl_divergence", "nats", 10 * kAccuracy, Lower},
                              Rule{"top1_agreement", "", kAccuracy, Higher},
                              Rule{"perplexity_ratio", "", kAccuracy, Lower}};
constexpr std::array kBake = {Rule{"rom_hash", "", 0, Equal}, Rule{"file_bytes", "bytes", 0, Equal},
                              Rule{"weights", "", 0, Equal}, Rule{"bits_per_weight", "bits", 0, Equal}};
constexpr std::array kSweep = {
    Rule{"summary.points", "points", 0, Equal},     Rule{"summary.done", "points", 0, Equal},
    Rule{"summary.infeasible", "points", 0, Equal}, Rule{"summary.failed", "points", 0, Equal},
    Rule{"summary.front", "points", 0, Equal},      Rule{"summary.hash", "", 0, Equal}};

template <std::size_t N>
void add(const std::array<Rule, N>& rules, std::vector<Rule>& all) {
  all.insert(all.end(), rules.begin(), rules.end());
}

std::vector<Rule> rules_of(std::string_view command) {
  std::vector<Rule> all;
  if (command == "run" || command == "cost") add(kPoint, all);
  if (command == "run") add(kRun, all);
  if (command == "eval") add(kEval, all);
  if (command == "bake") add(kBake, all);
  if (command == "sweep") add(kSweep, all);
  return all;
}

std::string text_at(const json::Value& document, std::string_view path) {
  const auto* found = at(document, path);
  return found != nullptr && found->is_text() ? found->text() : "";
}

/// "run hc1 llama-3.1-8b w3w6"; without names of configs, the files that the command has: "eval stories.rom heldout.txt".
std::string label_of(const json::Value& document, const std::vector<std::string>& command) {
  std::string names;
  for (const char* path : {"chip.name", "model.name", "recipe.name"})
    if (const auto name = text_at(document, path); !name.empty()) names += " " + name;
  if (names.empty())
    for (const auto& file : files_of(command)) names += " " + file;
  return command.front() + names;
}

/// Of the configs as resolved, or of a sweep's spec. An image has its own; `chip` of an `eval` is no config but how well it predicts.
std::string config_hash_of(const json::Value& document) {
  base::ContentHash hash;
  for (const char* key : {"chip", "model", "recipe"})
    if (const auto* config = document.find(key); config != nullptr && config->find("name") != nullptr)
      hash.update(json::write(*config));
  hash.update(text_at(document, "rom_hash"));
  hash.update(text_at(document, "summary.spec_hash"));
  return hash.hex();
}

}  // namespace

const json::Value* at(const json::Value& document, std::string_view path) {
  const json::Value* node = &document;
  while (node != nullptr && !path.empty()) {
    const auto end = std::min(path.find('.'), path.size());
    node = node->find(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return node;
}

std::vector<Metric> metrics_of(const json::Value& document, const std::vector<std::string>& command) {
  const auto kind = text_at(document, "command");
  if (command.empty() || kind != command.front()) return {};
  const auto label = label_of(document, command), hash = config_hash_of(document);
  std::vector<Metric> metrics;
  for (const auto& rule : rules_of(kind)) {
    const auto* value = at(document, rule.path);
    if (value == nullptr || value->is_null() || value->is_object() || value->is_array()) continue;
    metrics.push_back({fmt::format("{}: {}", label, rule.path), std::string(rule.path), *value, std::string(rule.unit),
                       rule.tolerance, rule.direction, command, hash});
  }
  return metrics;
}

}  // namespace kiln::gate
