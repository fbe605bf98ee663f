// The subcommands: each adds itself to the parser, and when it is chosen leaves a function that runs it. Private to the
// cli module.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "cli/session.hpp"

namespace kiln::cli {

/// Runs the chosen command; its exit status, or the sentence that says what was wrong with the input (status 2).
using Action = std::function<base::Result<int>(Session&)>;

void add_bake(CLI::App& app, Action& chosen);
void add_inspect(CLI::App& app, Action& chosen);
void add_run(CLI::App& app, Action& chosen);
void add_eval(CLI::App& app, Action& chosen);
void add_baseline(CLI::App& app, Action& chosen);

}  // namespace kiln::cli
