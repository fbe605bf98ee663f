// What a sweep found, for people and for programs: the front, an export, what is to be said of one point.
#pragma once

#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "sweep/database.hpp"
#include "sweep/front.hpp"

namespace kiln::sweep {

struct Excluded {
  std::string constraint;  ///< its text, or the kind of sentence of a chip that is none
  std::uint64_t points = 0;
};

struct Overview {
  Spec spec;
  std::uint64_t points = 0, done = 0, infeasible = 0, failed = 0, interrupted = 0;
  std::vector<Candidate> front;         ///< the best of the first objective first
  std::vector<json::Value> front_vary;  ///< of each of the front
  std::vector<Excluded> excluded;       ///< what excludes how many, the most first; several may exclude one point
  std::string failure;                  ///< of the first point that failed
};
base::Result<Overview> overview(const Database& database);

/// Documents go out piece by piece: a sweep may have many points.
using Write = std::function<base::Status(std::string_view text)>;
/// As an entry of an export.
json::Object point_json(const Row& row, bool in_front);
base::Status export_json(const Database& database, const Write& write);
base::Status export_csv(const Database& database, const Write& write);

/// Tables of at most `columns` characters.
std::string overview_text(const Overview& overview, std::size_t columns);

struct Explanation {
  std::string json;  ///< the point as in an export, its constraints, the numbers of the nearest of the front
  std::string text;
};
base::Result<Explanation> explain(const Database& database, std::uint64_t number, std::size_t columns,
                                  study::Environment& environment);

}  // namespace kiln::sweep
