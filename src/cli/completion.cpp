#include "cli/completion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace kiln::cli {
namespace {

/// In single quotes of a shell; zsh's _arguments also reads brackets and colons.
std::string in_quotes(std::string_view text, bool for_zsh = false) {
  std::string safe;
  for (const char c : text) {
    if (c == '\'') {
      safe += for_zsh ? "'\\''" : "\\'";
    } else if (for_zsh && (c == '[' || c == ']' || c == ':')) {
      safe += std::string("\\") + c;
    } else {
      safe += c;
    }
  }
  return safe;
}

std::vector<std::string> flags(const OptionWords& option) {
  std::vector<std::string> all;
  if (!option.brief.empty()) all.push_back("-" + option.brief);
  if (!option.full.empty()) all.push_back("--" + option.full);
  return all;
}

std::string bash(const std::vector<CommandWords>& commands) {
  std::vector<std::string> names;
  std::string values, options, operands;
  for (const auto& command : commands) {
    names.push_back(command.name);
    std::vector<std::string> all;
    for (const auto& option : command.options) {
      std::vector<std::string> cases;
      for (const auto& flag : flags(option)) {
        all.push_back(flag);
        cases.push_back(fmt::format("'{} {}'", command.name, flag));
      }
      // A value without its own words is completed as a file.
      if (option.takes_value && option.values.empty())
        values += fmt::format("    {}) return ;;\n", fmt::join(cases, "|"));
      if (option.takes_value && !option.values.empty())
        values += fmt::format("    {}) words='{}' ;;\n", fmt::join(cases, "|"), fmt::join(option.values, " "));
    }
    options += fmt::format("      {}) words='{}' ;;\n", command.name, fmt::join(all, " "));
    if (!command.operands.empty())
      operands += fmt::format("      {}) words='{}' ;;\n", command.name, fmt::join(command.operands, " "));
  }
  return fmt::format(
      "# bash: source <(kiln completion bash)\n"
      "_kiln() {{\n"
      "  local words='' word=\"${{COMP_WORDS[COMP_CWORD]}}\"\n"
      "  COMPREPLY=()\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    COMPREPLY=($(compgen -W '{} --help --version' -- \"$word\"))\n"
      "    return\n"
      "  fi\n"
      "  case \"${{COMP_WORDS[1]}} ${{COMP_WORDS[COMP_CWORD-1]}}\" in\n"
      "{}"
      "  esac\n"
      "  if [ -z \"$words\" ] && [ \"${{word#-}}\" != \"$word\" ]; then\n"
      "    case \"${{COMP_WORDS[1]}}\" in\n"
      "{}"
      "    esac\n"
      "  elif [ -z \"$words\" ]; then\n"
      "    case \"${{COMP_WORDS[1]}}\" in\n"
      "{}"
      "    esac\n"
      "  fi\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
      "}}\n"
      "complete -o default -F _kiln kiln\n",
      fmt::join(names, " "), values, options, operands);
}

std::string zsh_option(const OptionWords& option) {
  std::string value;
  if (option.takes_value)
    value = option.values.empty() ? ":value:_files" : fmt::format(":value:({})", fmt::join(option.values, " "));
  std::string lines;
  for (const auto& flag : flags(option))
    lines += fmt::format("      '*{}[{}]{}' \\\n", flag, in_quotes(option.description, true), value);
  return lines;
}

std::string zsh(const std::vector<CommandWords>& commands) {
  std::string names, cases;
  for (const auto& command : commands) {
    names += fmt::format("    '{}:{}'\n", command.name, in_quotes(command.description, true));
    cases += fmt::format("    {}) _arguments \\\n", command.name);
    for (const auto& option : command.options) cases += zsh_option(option);
    cases += command.operands.empty() ? "      '*:file:_files' ;;\n"
                                      : fmt::format("      '1:value:({})' ;;\n", fmt::join(command.operands, " "));
  }
  return fmt::format(
      "#compdef kiln\n"
      "# zsh: kiln completion zsh > a file named _kiln in a folder of $fpath\n"
      "_kiln() {{\n"
      "  local -a commands\n"
      "  commands=(\n"
      "{}"
      "  )\n"
      "  if (( CURRENT == 2 )); then\n"
      "    _describe command commands\n"
      "    return\n"
      "  fi\n"
      "  shift words\n"
      "  (( CURRENT-- ))\n"
      "  case $words[1] in\n"
      "{}"
      "  esac\n"
      "}}\n"
      "if [ \"$funcstack[1]\" = _kiln ]; then _kiln \"$@\"; else compdef _kiln kiln; fi\n",
      names, cases);
}

std::string fish(const std::vector<CommandWords>& commands) {
  std::string text = "# fish: kiln completion fish > ~/.config/fish/completions/kiln.fish\n";
  for (const auto& command : commands)
    text += fmt::format("complete -c kiln -f -n __fish_use_subcommand -a {} -d '{}'\n", command.name,
                        in_quotes(command.description));
  for (const auto& command : commands) {
    if (!command.operands.empty())
      text += fmt::format("complete -c kiln -f -n '__fish_seen_subcommand_from {}' -a '{}'\n", command.name,
                          fmt::join(command.operands, " "));
    for (const auto& option : command.options) {
      text += fmt::format("complete -c kiln -n '__fish_seen_subcommand_from {}'", command.name);
      if (!option.brief.empty()) text += " -s " + option.brief;
      if (!option.full.empty()) text += " -l " + option.full;
      if (option.takes_value) text += option.values.empty() ? " -r" : " -x";
      if (!option.values.empty()) text += fmt::format(" -a '{}'", fmt::join(option.values, " "));
      text += fmt::format(" -d '{}'\n", in_quotes(option.description));
    }
  }
  return text;
}

}  // namespace

std::string completion_script(std::string_view shell, const std::vector<CommandWords>& commands) {
  if (shell == "zsh") return zsh(commands);
  return shell == "fish" ? fish(commands) : bash(commands);
}

}  // namespace kiln::cli
