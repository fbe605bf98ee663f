// Scripts that complete kiln's command line in bash, zsh and fish, written from the table of options. Private to the
// cli module.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kiln::cli {

struct OptionWords {
  std::string brief, full;  ///< "n" and "new-tokens"; either may be empty
  bool takes_value = false;
  std::vector<std::string> values;  ///< those there are, or empty: a file, a number, a text
  std::string description;
};

struct CommandWords {
  std::string name, description;
  std::vector<OptionWords> options;
  std::vector<std::string> operands = {};  ///< that may follow the command; empty: files
};

inline constexpr std::string_view kShells[] = {"bash", "zsh", "fish"};

/// `shell` is one of kShells.
std::string completion_script(std::string_view shell, const std::vector<CommandWords>& commands);

}  // namespace kiln::cli
