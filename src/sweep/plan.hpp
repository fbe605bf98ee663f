// A spec with its points and where its files are.
#pragma once

#include <map>
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

  /// All points, with what these answers have of them.
  [[nodiscard]] std::vector<Row> rows(const std::map<std::string, Outcome>& answers = {}) const;
  [[nodiscard]] Row row(std::uint64_t number) const;
  /// What the axes of a point are: axis -> value.
  [[nodiscard]] json::Value vary(std::uint64_t number) const;
  /// With the answer that its key has there, judged by this spec.
  [[nodiscard]] Row row(std::uint64_t number, const std::map<std::string, Outcome>& answers) const;
  /// An adaptive sweep's points are those that its database has: nothing happens to others.
  base::Status take_points(const Database& database);
};

base::Result<Plan> plan_of(const std::string& spec_text, const std::string& name, study::Environment& environment);

/// Of the question's file; where buildable chips are required, that is a constraint of the spec.
base::Result<Plan> plan_of(const SweepQuestion& question, study::Environment& environment);

/// Folder of workers' files of a database.
std::string parts_of(const std::string& database);

/// "/vary/chip:~1kv~1banks" and others: where two specs differ.
std::vector<std::string> changed(const std::string& spec, const std::string& other);

}  // namespace kiln::sweep
