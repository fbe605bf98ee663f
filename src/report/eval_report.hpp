// What `kiln eval` says: JSON for machines, a table for people. docs/report.md explains every key.
#pragma once

#include <string>

#include "kiln/study/evaluate.hpp"

namespace kiln::report {

std::string eval_json(const study::EvaluateAnswer& answer);
std::string eval_text(const study::EvaluateAnswer& answer);

}  // namespace kiln::report
