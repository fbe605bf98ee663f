#include "cli/effects.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace kiln::cli {
namespace {

struct Rule {
  std::string_view command, option;
  enum class When { Beside, Without } when;  ///< no effect beside one of these, or without any of them
  std::vector<std::string_view> others;
  std::string_view why;
};

const std::vector<Rule>& rules() {
  using enum Rule::When;
  static const std::vector<Rule> all = {
      {"run", "--recipe", Beside, {"--rom"}, "the ROM image says what its codes are"},
      {"run", "--by-tile", Beside, {"--model", "--timing-only"}, "there are no values to compute tile by tile"},
      {"run", "--new-tokens", Beside, {"--workload"}, "each request says how long its answer may be"},
      {"run", "--top-k", Without, {"--temperature"}, "greedy answers are not drawn"},
      {"run", "--top-k", Beside, {"--model", "--timing-only"}, "without values nothing is drawn"},
      {"run",
       "--seed",
       Without,
       {"--temperature", "--prompt-tokens", "--workload"},
       "neither the prompt nor the answer is drawn"},
      {"chat", "--top-k", Without, {"--temperature"}, "greedy answers are not drawn"},
      {"chat", "--seed", Without, {"--temperature"}, "greedy answers are not drawn"},
      {"sweep", "--jobs", Beside, {"--shard"}, "a shard is one process"},
      {"sweep", "--resume", Beside, {"--shard", "--dry-run"}, "a shard always goes on, and a dry run answers nothing"},
      {"sweep", "--extend", Beside, {"--shard", "--dry-run", "--resume"}, "it is not the same database's spec"},
      {"sweep", "--output", Beside, {"--dry-run"}, "nothing is answered"},
      {"sweep", "--shard", Beside, {"--dry-run"}, "nothing is answered"},
      {"sweep", "--fail-fast", Beside, {"--dry-run"}, "nothing is answered"},
      {"sweep", "--keep-going", Beside, {"--dry-run", "--fail-fast"}, "nothing goes on"},
      {"sweep", "--engine", Beside, {"--emit", "--shard", "--dry-run"}, "no process is started"},
      {"sweep", "--emit", Beside, {"--shard", "--dry-run"}, "no array is made of it"},
      {"sweep", "--sbatch", Without, {"--engine", "--emit"}, "without Slurm there is no sbatch"},
      {"sweep", "--todo", Without, {"--shard"}, "a shard is a part of it"},
      {"check", "--junit", Beside, {"--against"}, "no figure is compared"},
      {"check", "--markdown", Beside, {"--against"}, "no figure is compared"},
      {"check", "--update", Beside, {"--against"}, "no figure is compared"},
      {"sweep", "--record", Beside, {"--shard", "--dry-run", "--emit"}, "not all points are answered"},
      {"cost", "--gpu-batch", Without, {"--break-even"}, "no GPU is compared"},
  };
  return all;
}

std::string listed(const std::vector<std::string_view>& options) {
  std::string text;
  for (std::size_t i = 0; i < options.size(); ++i)
    text += fmt::format("{}{}", i == 0 ? "" : i + 1 == options.size() ? " or " : ", ", options[i]);
  return text;
}

}  // namespace

std::optional<std::string> without_effect(std::string_view command, const Given& given) {
  for (const auto& rule : rules()) {
    if (rule.command != command || !given(rule.option)) continue;
    const bool other = std::ranges::any_of(rule.others, given);
    if (other != (rule.when == Rule::When::Beside)) continue;
    std::vector<std::string_view> present;
    std::ranges::copy_if(rule.others, std::back_inserter(present), given);
    return fmt::format("{} has no effect {} {}: {}", rule.option, other ? "beside" : "without",
                       listed(other ? present : rule.others), rule.why);
  }
  return std::nullopt;
}

}  // namespace kiln::cli
