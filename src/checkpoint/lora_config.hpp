// What adapter_config.json of a PEFT adapter says, as far as Kiln needs it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/module_pattern.hpp"
#include "kiln/base/result.hpp"

namespace kiln::checkpoint {

struct LoraSettings {
  std::uint32_t rank = 8;
  double alpha = 8;
  bool root_scale = false;                                    ///< rsLoRA: alpha / sqrt(rank)
  std::map<std::string, std::uint32_t, std::less<>> rank_of;  ///< by the end of a module's name
  std::map<std::string, double, std::less<>> alpha_of;
  std::optional<std::vector<std::string>> targets;  ///< ends of modules' names; none if the file has none or a text
  std::optional<ModulePattern> target_pattern;      ///< a text in their place that is not "all-linear"
  std::optional<std::set<std::uint64_t>> layers;    ///< the only ones; all if not given
  std::set<std::string, std::less<>> excluded;

  /// A pattern means the modules of its name, and those that end in it after a dot. Patterns of one module agree.
  [[nodiscard]] std::uint32_t rank_for(std::string_view module) const;
  [[nodiscard]] double scale_for(std::string_view module, std::uint32_t of_rank) const;
};

/// The patterns that mean a module, longest first: its name, and the ends of it after a dot. Files have many modules and
/// many patterns, so that a module's few ends are looked up among the patterns and not each pattern at each module.
std::vector<std::string_view> ends_of(std::string_view module);

/// `file` is named in errors. Refuses what changes an adapter's meaning and Kiln lacks.
base::Result<LoraSettings> parse_lora_config(std::string_view text, const std::string& file);

}  // namespace kiln::checkpoint
