// What adapter_config.json of a PEFT adapter says, as far as Kiln needs it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/base/result.hpp"

namespace kiln::checkpoint {

struct LoraSettings {
  std::uint32_t rank = 8;
  double alpha = 8;
  bool root_scale = false;                       ///< rsLoRA: alpha / sqrt(rank)
  std::map<std::string, std::uint32_t> rank_of;  ///< by the end of a module's name
  std::map<std::string, double> alpha_of;
  std::vector<std::string> targets;  ///< empty if a pattern or a word stands in their place

  /// As PEFT finds them: the first pattern (in the order of names) that is the module's name or its end behind a dot.
  [[nodiscard]] std::uint32_t rank_for(std::string_view module) const;
  [[nodiscard]] double scale_for(std::string_view module, std::uint32_t of_rank) const;
};

/// `file` stands in errors. Refuses what changes an adapter's meaning and Kiln has not.
base::Result<LoraSettings> parse_lora_config(std::string_view text, const std::string& file);

}  // namespace kiln::checkpoint
