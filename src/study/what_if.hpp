// One change of a chip at a time: which there are for each group of a token's time, and the closed point of one.
// Private to the study module.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kiln/study/closed_point.hpp"
#include "kiln/study/limits.hpp"

namespace kiln::study {

/// A number of the chip's config.
struct NumberKey {
  std::string name;
  std::function<std::uint32_t&(config::ChipConfig&)> value;
};

struct Candidate {
  TimeGroup group = TimeGroup::Weights;
  std::vector<KeyChange> changes;
  std::string what;
};

KeyChange change_of(const NumberKey& key, config::ChipConfig chip, std::uint32_t to);
/// "kv.banks 256 -> 257"
std::string words_of(const KeyChange& change);

/// Cycles of an answer token that sees `context` tokens if one number were another, latencies and links as they are;
/// nothing where the model cannot be placed, or the KV cache holds fewer tokens than `kept`.
struct ProbedToken {
  std::uint64_t cycles = 0, conflicts = 0;
};
class Probe {
 public:
  Probe(const program::Placement& placement, const config::BakeRecipe& recipe, std::uint64_t context,
        std::uint64_t kept);
  [[nodiscard]] std::optional<ProbedToken> at(const NumberKey& key, std::uint32_t value) const;
  [[nodiscard]] const ProbedToken& now() const { return now_; }
  [[nodiscard]] const config::ChipConfig& chip() const { return placement_.chip(); }
  [[nodiscard]] const config::ModelConfig& model() const { return placement_.model(); }

 private:
  [[nodiscard]] ProbedToken of(const program::Placement& placement) const;
  const program::Placement& placement_;
  const config::BakeRecipe& recipe_;
  std::uint64_t context_, kept_;
  ProbedToken now_;
};

/// The stated list: docs/report.md, "What would help".
std::vector<Candidate> candidates(TimeGroup group, const Probe& probe);

/// Asks for the closed points of changes.
class Asker {
 public:
  Asker(const std::string& chip, const ClosedQuestion& question, const config::Catalogue& configs);
  /// Of the chip as it is.
  [[nodiscard]] const base::Result<ClosedPoint>& now() const { return now_; }
  /// Nothing where the config's ranges allow no such value, closed_point() fails, or enough was asked.
  [[nodiscard]] std::optional<WhatIf> ask(const std::vector<KeyChange>& changes, const std::string& what);

 private:
  base::Result<ClosedPoint> point(const std::vector<config::Override>& changes) const;
  const std::string& chip_;
  const ClosedQuestion& question_;
  const config::Catalogue& configs_;
  base::Result<ClosedPoint> now_;
  std::vector<WhatIf> asked_;  ///< a change that acts on several groups is one point
};

/// bank_conflicts.cpp
BankConflicts without_bank_conflicts(double share, const Probe& probe, Asker& asker);

}  // namespace kiln::study
