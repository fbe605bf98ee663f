#include "report/screen.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kiln::report {
namespace {

constexpr std::string_view kDefaultGpus[] = {"h100-sxm", "h200", "b200", "rtx-4090"};
static_assert(std::size(kDefaultGpus) == kMostGpus);

bool has(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

std::vector<std::string> shown_gpus(const Screen& screen, const std::vector<std::string>& known) {
  if (screen.all_gpus) return known;
  std::vector<std::string> wanted = screen.gpus;
  if (wanted.empty()) {
    for (const auto name : kDefaultGpus)
      if (has(known, name)) wanted.emplace_back(name);
    for (const auto& name : known)
      if (wanted.size() < kMostGpus && !has(wanted, name)) wanted.push_back(name);
  }
  std::vector<std::string> shown;
  for (const auto& name : wanted)
    if (has(known, name) && !has(shown, name)) shown.push_back(name);
  return shown;
}

std::string hidden_gpus_line(std::size_t shown, std::size_t known, bool several_precisions) {
  if (shown >= known) return "";
  return fmt::format("{} of {} GPUs{}: --gpu all or --gpu NAME shows more\n", shown, known,
                     several_precisions ? ", each in its fastest precision" : "");
}

}  // namespace kiln::report
