// What follows from the seconds of rounds.
#include <algorithm>

#include "kiln/study/bench.hpp"

namespace kiln::study {

std::vector<double> per_second(const BenchMeasurement& measurement, std::uint64_t amount) {
  std::vector<double> rates;
  rates.reserve(measurement.seconds.size());
  for (const double seconds : measurement.seconds) rates.push_back(static_cast<double>(amount) / seconds);
  return rates;
}

std::vector<double> shares(const BenchMeasurement& measurement, const BenchMeasurement& read) {
  base::check(measurement.seconds.size() == read.seconds.size(), "bench: as many rounds as of the plain read");
  auto rates = per_second(measurement, measurement.bytes);
  const auto most = per_second(read, read.bytes);
  for (std::size_t round = 0; round < rates.size(); ++round) rates[round] /= most[round];
  return rates;
}

std::vector<double> bound_tokens_per_s(const BenchMeasurement& read, std::uint64_t bytes_per_token) {
  auto rates = per_second(read, read.bytes);
  for (double& rate : rates) rate /= static_cast<double>(bytes_per_token);
  return rates;
}

const BenchMeasurement* BenchAnswer::find(const std::string& name) const {
  const auto found = std::ranges::find(measurements, name, &BenchMeasurement::name);
  return found == measurements.end() ? nullptr : &*found;
}

}  // namespace kiln::study
