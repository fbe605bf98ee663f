// What `kiln bench` says: JSON and CSV for machines, tables for people. docs/bench.md explains every figure.
#pragma once

#include <string>

#include "kiln/study/bench.hpp"

namespace kiln::report {

std::string bench_json(const study::BenchAnswer& answer);
std::string bench_text(const study::BenchAnswer& answer);
/// A row a measurement, what it does not have is empty; before them lines that begin with '#' and describe the machine.
std::string bench_csv(const study::BenchAnswer& answer);

}  // namespace kiln::report
