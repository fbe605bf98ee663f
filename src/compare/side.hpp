// One of the two things that `kiln diff` puts side by side: a document of Kiln, or a point of a sweep.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "json/value.hpp"
#include "kiln/base/result.hpp"
#include "kiln/study/inputs/environment.hpp"

namespace kiln::compare {

/// What a closed form, or a simulated chip, gives figures of. Configs as they were resolved, with "auto" where a key
/// follows from others.
struct Design {
  json::Value chip, model, recipe;
  std::vector<config::Override> tech_set;                      ///< changes of the technology that the catalogue has
  std::uint64_t prompt_tokens = 0, new_tokens = 0, users = 1;  ///< tokens of each user
};

/// Sorted by path or key.
using Values = std::map<std::string, json::Value>;

struct Side {
  std::string name;  ///< as it was asked for
  std::string kind;  ///< the command of a document; "point" of a sweep
  Values figures;    ///< by their paths: numbers, words, yes or no, and lists of them
  Values keys;       ///< of its configs and its run: "chip:/kv/banks", "prompt_tokens"
  Values axes;       ///< of a point: what its sweep varied
  std::optional<Design> design;
  std::string no_design;  ///< why there is none: a sentence
};

/// `operand`: a file, or FILE:NUMBER for a point of a sweep's database or of its export. A file of that very name comes
/// first.
base::Result<Side> load_side(const std::string& operand, study::Environment& environment);

}  // namespace kiln::compare
