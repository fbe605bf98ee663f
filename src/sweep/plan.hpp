// A spec with its points and where its files are.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sweep/database.hpp"
#include "sweep/sweep.hpp"

namespace kiln::sweep {

struct Plan {
  std::unique_ptr<Spec> spec;  ///< the resolver points to it
  std::unique_ptr<Resolver> resolver;
  SweepRecord record;

  /// All points, none of them answered.
  [[nodiscard]] std::vector<Row> rows() const;
  [[nodiscard]] Row row(std::uint64_t number) const;
};

base::Result<Plan> plan_of(const std::string& spec_text, const std::string& name, study::Environment& environment);

/// Of the question's file; where buildable chips are required, that is a constraint of the spec.
base::Result<Plan> plan_of(const SweepQuestion& question, study::Environment& environment);

/// Folder of workers' files of a database.
std::string parts_of(const std::string& database);

/// "/vary/chip:~1kv~1banks" and others: where two specs differ.
std::vector<std::string> changed(const std::string& spec, const std::string& other);

}  // namespace kiln::sweep
