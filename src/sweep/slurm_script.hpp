// The script of a job array: each of its tasks answers a part of a sweep's points. It is all that `sbatch` needs: options are
// lines of the script. Private to the sweep module.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "kiln/base/result.hpp"

namespace kiln::sweep {

/// A job array by its files: BASE.todo, BASE.job, BASE-I.log of each task and BASE-I.jsonl with its answers.
struct ArrayFiles {
  std::string base;  ///< R.db.parts/array-K, absolute
  [[nodiscard]] std::string todo() const { return base + ".todo"; }
  [[nodiscard]] std::string job() const { return base + ".job"; }
  [[nodiscard]] std::string log(std::size_t task) const { return base + "-" + std::to_string(task) + ".log"; }
  [[nodiscard]] std::string answers(std::size_t task) const { return base + "-" + std::to_string(task) + ".jsonl"; }
};

struct ArrayScript {
  ArrayFiles files;
  std::string name;                  ///< of the job, its own
  std::size_t tasks = 1;             ///< 1 to tasks
  std::string program;               ///< this kiln, absolute
  std::string database, spec;        ///< absolute
  std::string folder;                ///< where it runs: paths in a spec begin there
  std::string config_path;           ///< KILN_CONFIG_PATH, or empty
  std::vector<std::string> options;  ///< of sbatch: "--time=2:00:00"
};

/// Fails where a path has characters that a line of options cannot hold.
base::Result<std::string> text_of(const ArrayScript& script);

}  // namespace kiln::sweep
