#include "host/distribution.hpp"

#include <algorithm>
#include <cmath>

namespace kiln::host {

void Distribution::add(double value) {
  fresh_.push_back(value);
  if (fresh_.size() < std::max(kLeastFresh, entries_.size() / 8)) return;
  entries_ = merged();
  fresh_.clear();
}

std::vector<Distribution::Entry> Distribution::merged() const {
  auto fresh = fresh_;
  std::ranges::sort(fresh);
  std::vector<Entry> all;
  all.reserve(entries_.size() + fresh.size());
  const auto add = [&](double value, std::uint64_t times) {
    if (all.empty() || all.back().value != value) all.push_back({value, 0});
    all.back().times += times;
  };
  auto known = entries_.begin();
  for (const double value : fresh) {
    for (; known != entries_.end() && known->value <= value; ++known) add(known->value, known->times);
    add(value, 1);
  }
  for (; known != entries_.end(); ++known) add(known->value, known->times);
  return all;
}

Percentiles Distribution::percentiles() const {
  const auto all = merged();
  Percentiles result;
  for (const Entry& entry : all) result.count += entry.times;
  if (all.empty()) return result;
  const auto rank = [&](double share) {
    const auto place = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(result.count)));
    std::uint64_t passed = 0;
    const auto at = std::ranges::find_if(all, [&](const Entry& entry) {
      passed += entry.times;
      return passed >= std::max<std::uint64_t>(place, 1);
    });
    return at->value;
  };
  double sum = 0;
  for (const Entry& entry : all)
    for (std::uint64_t i = 0; i < entry.times; ++i) sum += entry.value;  // a product would round otherwise
  result.mean = sum / static_cast<double>(result.count);
  result.p50 = rank(0.5);
  result.p90 = rank(0.9);
  result.p99 = rank(0.99);
  result.largest = all.back().value;
  return result;
}

std::size_t Distribution::bytes() const {
  return entries_.capacity() * sizeof(Entry) + fresh_.capacity() * sizeof(double);
}

}  // namespace kiln::host
