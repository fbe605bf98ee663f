// Which number of banks nearby, or which padding of a token's row, reads hardly wait for.
#include <algorithm>
#include <cstdlib>
#include <tuple>

#include "study/what_if.hpp"

namespace kiln::study {
namespace {

constexpr std::uint32_t kFarthestBanks = 16, kMostPadWords = 16;
/// Conflicts of a token are removed where they take less than this share of its present time. A choice.
constexpr double kHardlyAny = 0.001;

struct Found {
  std::uint32_t value = 0;
  std::uint64_t conflicts = 0;
};

/// The nearest value that has hardly any conflicts; else the one with fewest, where that is fewer than now.
std::optional<Found> best(const NumberKey& key, std::uint32_t from, std::uint32_t to, const Probe& probe) {
  config::ChipConfig chip = probe.chip();
  const std::uint32_t now = key.value(chip);
  const auto few = static_cast<std::uint64_t>(kHardlyAny * static_cast<double>(probe.now().cycles));
  std::vector<Found> found;
  for (std::uint32_t value = from; value <= to; ++value) {
    const auto token = value == now ? std::nullopt : probe.at(key, value);
    if (token && token->conflicts < probe.now().conflicts) found.push_back({value, token->conflicts});
  }
  if (found.empty()) return std::nullopt;
  // Of two as near the larger: more banks hold more tokens.
  return *std::ranges::min_element(found, {}, [&](const Found& f) {
    const auto distance = std::llabs(std::int64_t{f.value} - std::int64_t{now});
    return std::tuple(std::max(f.conflicts, few), distance, f.value < now);
  });
}

}  // namespace

BankConflicts without_bank_conflicts(double share, const Probe& probe, Asker& asker) {
  const NumberKey banks = {"kv.banks", [](config::ChipConfig& c) -> std::uint32_t& { return c.kv.banks; }};
  const NumberKey padding = {"kv.row_pad_words",
                             [](config::ChipConfig& c) -> std::uint32_t& { return c.kv.row_pad_words; }};
  const std::uint32_t now = probe.chip().kv.banks;
  const auto few = static_cast<std::uint64_t>(kHardlyAny * static_cast<double>(probe.now().cycles));
  BankConflicts answer;
  answer.share = share;
  const auto add = [&](const NumberKey& key, const std::optional<Found>& found) {
    if (!found) return;
    const auto change = change_of(key, probe.chip(), found->value);
    if (auto asked = asker.ask({change}, words_of(change)))
      answer.would_help.push_back({*std::move(asked), found->conflicts <= few});
  };
  add(banks, best(banks, now > kFarthestBanks ? now - kFarthestBanks : 1, now + kFarthestBanks, probe));
  add(padding, best(padding, 0, kMostPadWords, probe));
  std::ranges::stable_sort(answer.would_help, std::greater(), [](const BankHint& hint) { return hint.what_if.gain; });
  return answer;
}

}  // namespace kiln::study
