#include "kiln/config/catalogue.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

namespace kiln::config {
namespace {

std::string environment_path() {
  const char* value = std::getenv("KILN_CONFIG_PATH");
  return value == nullptr ? "" : value;
}

std::string running_program() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).string();
}

}  // namespace

Catalogue::Catalogue() : path_(environment_path(), running_program()) {}

void Catalogue::override_values(const std::string& kind, std::vector<Override> overrides) {
  overrides_[kind] = std::move(overrides);
}

std::vector<Override> Catalogue::overrides(std::string_view kind) const {
  const auto found = overrides_.find(kind);
  return found == overrides_.end() ? std::vector<Override>() : found->second;
}

base::Status Catalogue::refuse_overrides(std::string_view kind, std::string_view why) const {
  const auto given = overrides(kind);
  if (given.empty()) return {};
  return base::Error{fmt::format("--set {}:{} has no effect: {}", kind, given.front(), why)};
}

std::vector<std::string> Catalogue::gpus() const {
  auto all = names(kind_name<GpuSpec>());
  all.insert(all.end(), gpu_files_.begin(), gpu_files_.end());
  return all;
}

base::Result<std::vector<ReferenceMachine>> Catalogue::machines() const {
  std::vector<ReferenceMachine> machines;
  for (const auto& name : names(kind_name<ReferenceMachine>())) {
    auto machine = load<ReferenceMachine>(name);
    if (!machine) return machine.error();
    machines.push_back(*std::move(machine));
  }
  return machines;
}

}  // namespace kiln::config
