// A published figure of a machine that is not a GPU of the baseline, from configs/machine/*.json: what one user gets.
// Nothing is computed from it.
#pragma once

#include <string>
#include <string_view>

#include "kiln/base/enum_table.hpp"

namespace kiln::config {

/// Stated by the vendor; measured by others; derived from measurements; published, who measured is not recorded.
enum class MachineTag { Vendor, Measured, Derived, Published };
inline constexpr auto kMachineTags = base::enum_names<MachineTag>({{MachineTag::Vendor, "vendor"},
                                                                   {MachineTag::Measured, "measured"},
                                                                   {MachineTag::Derived, "derived"},
                                                                   {MachineTag::Published, "published"}});

struct ReferenceMachine {
  std::string name;                                              ///< the file's name
  std::string description;                                       ///< the machine
  std::string model;                                             ///< what it ran
  double tokens_per_s_user_low = 0, tokens_per_s_user_high = 0;  ///< the same where one figure was published
  MachineTag tag = MachineTag::Vendor;                           ///< who says so
  std::string date;
  std::string source;
};

}  // namespace kiln::config
