// Documents of a run and an evaluation in small, and baselines of them. Private to the tests of the gate.
#pragma once

#include <string>

#include "gate/check.hpp"
#include "json/read.hpp"

namespace kiln::gate::documents {

inline json::Value tree(const std::string& text) {
  return json::read(text, 32, [](const json::Problem&) { return false; }).value();
}

inline const std::string kRun =
    R"({"command": "run", "chip": {"name": "demo"}, "model": {"name": "m"}, "recipe": {"name": "w4"},
  "cycles_total": 1000, "tokens_per_s_user": 5.5, "text": "Once", "kv": {"capacity_tokens": 64}, "token_ids": [1],
  "verdict": {"buildable": true}})";
inline const std::string kEval = R"({"command": "eval", "model": {"name": "m"}, "chip": {"perplexity": 10.0},
  "kl_divergence": 0.5, "top1_agreement": 0.9})";

inline Baseline baseline(const std::string& document, std::vector<std::string> command) {
  return {metrics_of(tree(document), command)};
}

inline Answer checked(const Baseline& of, const std::string& now) {
  return check(of, [&](const auto&) -> base::Result<json::Value> { return tree(now); }, {}).value();
}

inline std::string changed(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

}  // namespace kiln::gate::documents
