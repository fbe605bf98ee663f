#include "gate/arguments.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace kiln::gate {
namespace {

namespace fs = std::filesystem;

/// Options whose value says nothing of what is computed.
constexpr std::array<std::string_view, 8> kElsewhere = {"--json", "--record", "--threads", "--trace",
                                                        "--svg",  "--logits", "--jobs",    "-j"};
/// Flags likewise.
constexpr std::array<std::string_view, 4> kFlags = {"--resume", "--extend", "--units", "--keep-going"};
constexpr std::array<std::string_view, 2> kOutput = {"-o", "--output"};

bool among(const auto& list, std::string_view word) { return std::ranges::find(list, word) != list.end(); }

/// A file or folder that is there; names of configs, numbers and texts are not.
bool is_path(const std::string& word) {
  if (word.empty() || word.front() == '-' || word.starts_with("synthetic:")) return false;
  std::error_code ignored;
  const bool named = word.find('/') != word.npos || fs::path(word).has_extension();
  return named && fs::exists(word, ignored);
}

std::string from(const fs::path& folder, const std::string& word) {
  if (!is_path(word)) return word;
  std::error_code failed;
  const auto relative = fs::proximate(fs::path(word), folder, failed);
  return failed ? word : relative.string();
}

}  // namespace

std::optional<std::string> writes_elsewhere(const std::vector<std::string>& command) {
  for (const auto& word : command)
    if (among(kElsewhere, word.substr(0, word.starts_with("--") ? word.find('=') : word.npos))) return word;
  return std::nullopt;
}

std::vector<std::string> recorded(const std::vector<std::string>& arguments, const fs::path& folder) {
  std::vector<std::string> command;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto& word = arguments[i];
    const auto equals = word.starts_with("--") ? word.find('=') : word.npos;
    const auto option = word.substr(0, equals);
    if (among(kFlags, option)) continue;
    if (among(kElsewhere, option)) {
      if (equals == word.npos) ++i;
      continue;
    }
    if (among(kOutput, option) && equals == word.npos && i + 1 < arguments.size()) {
      // Of an output only the name counts.
      command.push_back(word);
      command.push_back(fs::path(arguments[++i]).filename().string());
      continue;
    }
    if (equals != word.npos && option != "--set") {
      command.push_back(option);
      command.push_back(from(folder, word.substr(equals + 1)));
      continue;
    }
    command.push_back(from(folder, word));
  }
  return command;
}

std::vector<std::string> runnable(const std::vector<std::string>& command, const std::string& scratch,
                                  const std::string& document) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < command.size(); ++i) {
    words.push_back(command[i]);
    if (among(kOutput, command[i]) && i + 1 < command.size())
      words.push_back(scratch + "/" + fs::path(command[++i]).filename().string());
  }
  words.insert(words.end(), {"--json", document});
  return words;
}

}  // namespace kiln::gate
