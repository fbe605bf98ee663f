// `kiln diff`: two documents, or two points of sweeps, side by side: figures that moved, config keys that differ, and which
// key explains which figure. A key is explained by its own: the first side with this one key of the second.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compare/side.hpp"

namespace kiln::compare {

struct Moved {
  std::string path;
  json::Value a, b;
  std::optional<double> change;    ///< b - a, of numbers
  std::optional<double> relative;  ///< to a, where that is not 0
};

/// What one figure becomes if the first side gets one key of the second.
struct Effect {
  std::string figure;
  json::Value value;
  double change = 0;  ///< from a; of yes and no as 1 and 0
};

struct Key {
  std::string name;                 ///< "chip:/kv/banks"; "recipe": another one as a whole
  std::optional<json::Value> a, b;  ///< none: only the other side has it
  std::vector<std::string> parts;   ///< of a whole config: its keys that differ
  std::vector<Effect> effects;      ///< of the figures that are explained, those that change
  std::string no_effects;           ///< why nothing is known of them: a sentence
};

/// A figure that is explained: all of its change, and what no key does alone.
struct Explained {
  std::string figure;
  json::Value a, b;
  double change = 0, alone = 0;  ///< of all keys together; the sum of the keys' own
  [[nodiscard]] double together() const { return change - alone; }
};

struct Comparison {
  Side a, b;
  std::vector<Moved> figures;  ///< main ones first, then by their relative change, then those that are no numbers
  std::vector<std::string> only_a, only_b;  ///< figures that the other one has not
  std::vector<Key> keys;                    ///< the ones that explain most first
  bool keys_known = true;                   ///< false: a side has no configs, so other keys may differ as well
  std::vector<Explained> explained;         ///< main figures, in their order
  std::vector<std::string> not_explained;   ///< why not, or what not: sentences
  [[nodiscard]] bool equal() const {
    return figures.empty() && only_a.empty() && only_b.empty() && keys.empty() && keys_known;
  }
};

/// Fails where a side cannot be read, and where both are of different kinds: documents of other commands. `run`, `cost`
/// and points of sweeps are of one kind.
base::Result<Comparison> compare(const std::string& a, const std::string& b, study::Environment& environment);

json::Object to_json(const Comparison& comparison);
/// Tables of at most `columns` characters.
std::string to_text(const Comparison& comparison, std::size_t columns);

}  // namespace kiln::compare
