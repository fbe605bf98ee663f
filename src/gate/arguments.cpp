#include "gate/arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.hpp"

namespace kiln::gate {
namespace {

namespace fs = std::filesystem;

enum class Kind {
  Value,
  Path,           ///< of a file or folder
  Config,         ///< a name, or a file
  Flag,           ///< takes no value, unless it is "--rtl=false"
  Output,         ///< a file to write that the command must have; only its name counts
  Elsewhere,      ///< says nothing of what is computed: never recorded
  ElsewhereFlag,  ///< likewise, without a value
  ElsewhereList,  ///< likewise, with all values up to the next option
  Unknown
};

struct Option {
  std::string_view name;
  Kind kind;
};

/// Of run, eval, cost, bake and sweep. A test holds it against their help.
constexpr std::array kOptions = {Option{"--break-even", Kind::Flag},
                                 Option{"--by-tile", Kind::Flag},
                                 Option{"--checkpoint", Kind::Path},
                                 Option{"--chip", Kind::Config},
                                 Option{"--chunks", Kind::Value},
                                 Option{"--context", Kind::Value},
                                 Option{"--economics", Kind::Config},
                                 Option{"--emit", Kind::Elsewhere},
                                 Option{"--engine", Kind::Elsewhere},
                                 Option{"--extend", Kind::ElsewhereFlag},
                                 Option{"--fail-fast", Kind::Flag},
                                 Option{"--gpu", Kind::Config},
                                 Option{"--gpu-batch", Kind::Value},
                                 Option{"--jobs", Kind::Elsewhere},
                                 Option{"--json", Kind::Elsewhere},
                                 Option{"--keep-going", Kind::ElsewhereFlag},
                                 Option{"--logits", Kind::Elsewhere},
                                 Option{"--lora", Kind::Path},
                                 Option{"--machines", Kind::Value},
                                 Option{"--model", Kind::Config},
                                 Option{"--movement", Kind::Value},
                                 Option{"--new-tokens", Kind::Value},
                                 Option{"--output", Kind::Output},
                                 Option{"--prompt", Kind::Value},
                                 Option{"--prompt-tokens", Kind::Value},
                                 Option{"--recipe", Kind::Config},
                                 Option{"--record", Kind::Elsewhere},
                                 Option{"--require", Kind::Value},
                                 Option{"--resume", Kind::ElsewhereFlag},
                                 Option{"--reuse", Kind::ElsewhereList},
                                 Option{"--rom", Kind::Path},
                                 Option{"--rtl", Kind::Flag},
                                 Option{"--sbatch", Kind::Elsewhere},
                                 Option{"--seed", Kind::Value},
                                 Option{"--set", Kind::Value},
                                 Option{"--shorten", Kind::Flag},
                                 Option{"--svg", Kind::Elsewhere},
                                 Option{"--temperature", Kind::Value},
                                 Option{"--text", Kind::Path},
                                 Option{"--threads", Kind::Elsewhere},
                                 Option{"--timeline", Kind::Flag},
                                 Option{"--timing-only", Kind::Flag},
                                 Option{"--tokens", Kind::Path},
                                 Option{"--top-k", Kind::Value},
                                 Option{"--trace", Kind::Elsewhere},
                                 Option{"--units", Kind::Elsewhere},
                                 Option{"--users", Kind::Value},
                                 Option{"--verify", Kind::Value},
                                 Option{"--workload", Kind::Path},
                                 Option{"-j", Kind::Elsewhere},
                                 Option{"-n", Kind::Value},
                                 Option{"-o", Kind::Output}};

Kind kind_of(std::string_view name) {
  const auto found = std::ranges::find(kOptions, name, &Option::name);
  return found == kOptions.end() ? Kind::Unknown : found->kind;
}

bool takes_value(Kind kind) { return kind != Kind::Flag && kind != Kind::ElsewhereFlag && kind != Kind::Unknown; }

bool recordable(Kind kind) {
  using enum Kind;
  return kind != Elsewhere && kind != ElsewhereFlag && kind != ElsewhereList && kind != Unknown;
}

/// An option with its value, or a word that belongs to none.
struct Argument {
  std::string name;  ///< empty: of no option
  Kind kind = Kind::Value;
  std::string value;
};

/// As CLI11 reads a command line: "--new-tokens=64", "-n64" and "-n 64" are one and the same.
std::vector<Argument> parsed(const std::vector<std::string>& words) {
  std::vector<Argument> all;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto& word = words[i];
    if (word.size() < 2 || word.front() != '-') {
      all.push_back({"", Kind::Value, word});
      continue;
    }
    const bool brief = word[1] != '-';
    const auto equals = brief ? (word.size() > 2 ? 2 : word.npos) : word.find('=');
    Argument argument{word.substr(0, equals), kind_of(word.substr(0, equals)), ""};
    if (equals != word.npos) {
      argument.value = word.substr(brief ? equals : equals + 1);
    } else if (takes_value(argument.kind) && i + 1 < words.size()) {
      argument.value = words[++i];
    }
    all.push_back(std::move(argument));
  }
  return all;
}

/// Of a flag, as it was typed.
std::string flag_of(const Argument& argument) {
  return argument.value.empty() ? argument.name : argument.name + "=" + argument.value;
}

/// Else a word without a folder is the name of a config.
bool has_file_ending(const std::string& word) { return word.ends_with(".json") || word.ends_with(".gguf"); }

bool is_file(Kind kind, const std::string& word) {
  if (kind != Kind::Path && (kind != Kind::Config || (word.find('/') == word.npos && !has_file_ending(word))))
    return false;
  std::error_code ignored;
  return !word.empty() && fs::exists(word, ignored);
}

/// The same file from `folder`. Its folder is what it really is, while the file itself may be a link.
std::string from(const fs::path& folder, Kind kind, const std::string& word) {
  if (!is_file(kind, word)) return word;
  std::error_code failed;
  const auto file = fs::absolute(word, failed).lexically_normal();
  const auto there = file.has_filename() ? file : file.parent_path();  // "folder/"
  const auto parent = fs::canonical(there.parent_path(), failed), base = fs::canonical(folder, failed);
  if (failed) return word;
  auto text = (parent / there.filename()).lexically_proximate(base).string();
  return kind == Kind::Config && text.find('/') == text.npos && !has_file_ending(text) ? "./" + text : text;
}

/// What stands for itself: the checkpoint of a bake and the spec of a sweep are files, other words names.
Kind kind_of_word(const std::vector<std::string>& command) {
  const bool file = !command.empty() && (command.front() == "bake" || command.front() == "sweep");
  return file ? Kind::Path : Kind::Config;
}

constexpr std::array<std::string_view, 5> kRecorded = {"run", "eval", "cost", "bake", "sweep"};
/// Of a spec.
constexpr std::array<std::string_view, 4> kFileKeys = {"rom", "checkpoint", "text", "tokens"};
constexpr std::array<std::string_view, 3> kPartsOfSweep = {"collect", "export", "explain"};

bool among(const auto& list, const auto& word) { return std::ranges::find(list, word) != list.end(); }

}  // namespace

std::optional<std::string> refused(const std::vector<std::string>& command) {
  if (command.empty() || !among(kRecorded, command.front()))
    return "does not begin with run, eval, cost, bake or sweep";
  for (const auto& word : command)  // a program's argument ends there
    if (word.find('\0') != word.npos) return "has a zero byte in " + base::excerpt(base::without_controls(word));
  for (std::size_t i = 1; i < command.size(); ++i) {
    const auto& word = command[i];
    const auto shown = base::excerpt(base::without_controls(word));
    if (command.front() == "sweep" && among(kPartsOfSweep, word)) return "has " + shown + ", which records nothing";
    if (word.size() < 2 || word.front() != '-') continue;
    const auto equals = word.starts_with("--") ? word.find('=') : word.npos;
    const auto kind = kind_of(word.substr(0, equals));
    if (!recordable(kind)) return "has " + shown + ", which no recorded command has";
    if (!takes_value(kind)) continue;
    // So that no two readers take the same word for an option and for a value.
    const bool without = equals == word.npos && (i + 1 == command.size() || command[i + 1].starts_with('-'));
    if (without) return "has " + shown + " without a value";
    if (equals == word.npos) ++i;
  }
  return std::nullopt;
}

std::vector<std::string> recorded(const std::vector<std::string>& arguments, const fs::path& folder) {
  std::vector<std::string> command;
  bool in_list = false;
  for (const auto& argument : parsed(arguments)) {
    in_list = argument.kind == Kind::ElsewhereList || (in_list && argument.name.empty());
    if (in_list || argument.kind == Kind::Elsewhere || argument.kind == Kind::ElsewhereFlag) continue;
    if (argument.name.empty()) {
      command.push_back(command.empty() ? argument.value : from(folder, kind_of_word(command), argument.value));
      continue;
    }
    auto value = argument.kind == Kind::Output ? fs::path(argument.value).filename().string()
                                               : from(folder, argument.kind, argument.value);
    if (!takes_value(argument.kind)) {
      command.push_back(flag_of(argument));
    } else if (value.starts_with('-') && argument.name.starts_with("--")) {
      command.push_back(argument.name + "=" + value);
    } else {
      command.push_back(argument.name);
      command.push_back(std::move(value));
    }
  }
  return command;
}

std::vector<std::string> runnable(const std::vector<std::string>& command, const std::string& outputs,
                                  const std::string& document) {
  std::vector<std::string> words;
  for (const auto& argument : parsed(command)) {
    if (!argument.name.empty() && !takes_value(argument.kind)) {
      words.push_back(flag_of(argument));
      continue;
    }
    if (!argument.name.empty()) words.push_back(argument.name);
    if (argument.kind == Kind::Output) {
      words.push_back(outputs + "/" + fs::path(argument.value).filename().string());
    } else if (argument.value.starts_with('-') && argument.name.starts_with("--")) {
      words.back() += "=" + argument.value;
    } else {
      words.push_back(argument.value);
    }
  }
  words.insert(words.end(), {"--json", document});
  return words;
}

std::optional<std::string> spec_of(const std::vector<std::string>& command) {
  if (command.empty() || command.front() != "sweep") return std::nullopt;
  const auto arguments = parsed(command);
  const auto spec =
      std::find_if(arguments.begin() + 1, arguments.end(), [](const Argument& each) { return each.name.empty(); });
  return spec == arguments.end() ? std::nullopt : std::optional(spec->value);
}

bool names_file(std::string_view key, const std::string& text) {
  return is_file(among(kFileKeys, key) ? Kind::Path : Kind::Config, text);
}

namespace {

/// The values of these kinds, without the command's own name.
std::vector<std::string> values_of(const std::vector<std::string>& command, std::initializer_list<Kind> kinds) {
  std::vector<std::string> values;
  const auto arguments = parsed(command);
  for (std::size_t i = 1; i < arguments.size(); ++i)
    if (among(kinds, arguments[i].name.empty() ? kind_of_word(command) : arguments[i].kind))
      values.push_back(arguments[i].value);
  return values;
}

}  // namespace

std::vector<std::string> inputs_of(const std::vector<std::string>& command) {
  return values_of(command, {Kind::Path, Kind::Config});
}

std::vector<std::string> files_of(const std::vector<std::string>& command) {
  auto files = values_of(command, {Kind::Path});
  for (auto& file : files) file = fs::path(file).filename().string();
  return files;
}

}  // namespace kiln::gate
