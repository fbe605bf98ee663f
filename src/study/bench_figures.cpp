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

namespace {

std::vector<double> ratios(std::vector<double> rates, const std::vector<double>& most) {
  base::check(rates.size() == most.size(), "bench: as many rounds as of what bounds them");
  for (std::size_t round = 0; round < rates.size(); ++round) rates[round] /= most[round];
  return rates;
}

}  // namespace

std::vector<double> shares(const BenchMeasurement& measurement, const BenchMeasurement& read) {
  return ratios(per_second(measurement, measurement.bytes), per_second(read, read.bytes));
}

std::vector<double> shares_of_ports(const BenchMeasurement& measurement, const BenchMeasurement& registers) {
  return ratios(per_second(measurement, measurement.products), per_second(registers, registers.products));
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

std::vector<double> prices_of_timing(const BenchAnswer& answer) {
  const auto *decode = answer.find("decode"), *values = answer.find("values");
  if (decode == nullptr || values == nullptr) return {};
  auto prices = ratios(decode->seconds, values->seconds);
  for (double& price : prices) price -= 1;
  return prices;
}

}  // namespace kiln::study
