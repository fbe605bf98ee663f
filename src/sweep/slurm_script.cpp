#include "sweep/slurm_script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.hpp"
#include "sweep/sweep.hpp"

namespace kiln::sweep {
namespace {

/// What a script says itself, or what would end its meaning. Slurm knows an option by its beginning, too.
constexpr std::array<std::string_view, 12> kOwnOptions = {"array",     "output",    "error", "job-name",
                                                          "chdir",     "open-mode", "wrap",  "parsable",
                                                          "test-only", "wait",      "input", "ntasks"};

bool has_controls(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

/// One word of a line of options.
std::string option_word(std::string_view text) {
  std::string word = "\"";
  for (const char c : text) {
    if (c == '"') word += '\\';
    word += c;
  }
  return word + "\"";
}

/// A file name as Slurm takes it, in which % begins a placeholder.
std::string literal(std::string_view path) {
  std::string text;
  for (const char c : path) text += c == '%' ? "%%" : std::string(1, c);
  return text;
}

}  // namespace

base::Result<std::string> sbatch_option(const std::string& text) {
  const auto option = text.starts_with("--") ? text : "--" + text;
  const auto name = option.substr(2, option.find('=') - 2);
  const bool good = !name.empty() && name.front() != '-' &&
                    name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == name.npos && !has_controls(option) &&
                    option.find('\\') == option.npos;
  if (!good)
    return base::Error{fmt::format("--sbatch is {}; NAME=VALUE, a long option of sbatch, is expected: time=2:00:00",
                                   base::excerpt(base::without_controls(text)))};
  const auto own = std::ranges::find_if(kOwnOptions, [&](std::string_view each) { return each.starts_with(name); });
  if (own != kOwnOptions.end())
    return base::Error{fmt::format("--sbatch {}: Kiln says itself what --{} is", base::excerpt(text), *own)};
  return option;
}

base::Result<std::string> text_of(const ArrayScript& script) {
  for (const auto& path : {script.files.base, script.program, script.database, script.folder})
    if (has_controls(path) || path.find('\\') != path.npos)
      return base::Error{base::without_controls(path) +
                         ": Slurm cannot take a path with a backslash or a control character"};
  const auto line = [](std::string_view option, const std::string& value) {
    return fmt::format("#SBATCH --{}={}\n", option, option_word(value));
  };
  std::string text = "#!/bin/sh\n# Written by kiln sweep: a part of its points for each task of the array.\n";
  text += line("job-name", script.name) + fmt::format("#SBATCH --array=1-{}\n", script.tasks) +
          line("chdir", script.folder) + line("output", literal(script.files.base) + "-%a.log") +
          "#SBATCH --open-mode=append\n#SBATCH --ntasks=1\n#SBATCH --requeue\n";
  for (const auto& option : script.options) {
    const auto equals = option.find('=');
    text += "#SBATCH " + option.substr(0, equals);
    if (equals != option.npos) text += "=" + option_word(option.substr(equals + 1));
    text += "\n";
  }
  if (!script.config_path.empty()) text += "export KILN_CONFIG_PATH=" + base::shell_word(script.config_path) + "\n";
  text += fmt::format("exec {} sweep {} -o {} \\\n  --todo {} --shard \"$SLURM_ARRAY_TASK_ID/{}\"\n",
                      base::shell_word(script.program), base::shell_word(script.spec),
                      base::shell_word(script.database), base::shell_word(script.files.todo()), script.tasks);
  return text;
}

}  // namespace kiln::sweep
