// The subcommands: each adds itself to the parser, and when it is chosen leaves a function that runs it. Private to the
// cli module.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <string>

#include "cli/session.hpp"

namespace kiln::cli {

/// Runs the chosen command; its exit status, or the sentence that says what was wrong with the input (status 2).
using Action = std::function<base::Result<int>(Session&)>;

/// Says in words what CLI11 would take silently (-1 as 2^64 - 1) or refuse in its own.
CLI::Validator whole_number();

/// One of the words; becomes the number of its enumerator, as CLI11 reads it.
template <class Enum>
CLI::Validator one_of(const std::map<std::string, Enum>& words) {
  const auto read = [words](std::string& text) -> std::string {
    if (const auto at = words.find(text); at != words.end()) {
      text = std::to_string(static_cast<int>(at->second));
      return {};
    }
    std::string all;
    for (const auto& word : words) all += (all.empty() ? "" : ", ") + word.first;
    return "found " + text + "; one of " + all + " is expected";
  };
  return CLI::Validator(read, "");
}

void add_bake(CLI::App& app, Action& chosen);
void add_inspect(CLI::App& app, Action& chosen);
void add_run(CLI::App& app, Action& chosen);
void add_chat(CLI::App& app, Action& chosen);
void add_eval(CLI::App& app, Action& chosen);
void add_baseline(CLI::App& app, Action& chosen);
void add_cost(CLI::App& app, Action& chosen);
void add_new(CLI::App& app, Action& chosen);
void add_sweep(CLI::App& app, Action& chosen);
void add_check(CLI::App& app, Action& chosen);
void add_bench(CLI::App& app, Action& chosen);
void add_diff(CLI::App& app, Action& chosen);
void add_list(CLI::App& app, Action& chosen);
void add_rtl(CLI::App& app, Action& chosen);

}  // namespace kiln::cli
