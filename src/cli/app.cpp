#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <map>
#include <memory>
#include <system_error>

#include "base/text.hpp"
#include "cli/cli.hpp"
#include "cli/commands.hpp"
#include "cli/completion.hpp"
#include "cli/effects.hpp"
#include "cli/limits.hpp"
#include "cli/standard_error.hpp"
#include "cli/terminal.hpp"
#include "report/table.hpp"
#include "report/version.hpp"

namespace kiln::cli {

CLI::Validator whole_number() {
  const auto read = [](std::string& text) -> std::string {
    if (text.empty()) return "it is empty";
    std::uint64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure == std::errc() && end == text.data() + text.size()) return {};
    return "found " + text + "; a whole number from 0 to 18446744073709551615 is expected";
  };
  return CLI::Validator(read, "");
}

namespace {

constexpr std::size_t kHelpColumn = 34;

/// The commands whose figures a baseline keeps.
bool records(std::string_view command) {
  static constexpr std::array<std::string_view, 5> kRecorded = {"run", "eval", "cost", "bake", "sweep"};
  return std::ranges::find(kRecorded, command) != kRecorded.end();
}

void add_common(CLI::App& app, CommonOptions& options) {
  for (auto* command : app.get_subcommands({})) {
    add_common(*command, options);
    command->add_option("--json", options.json, "Write the result as JSON to FILE (- for standard output)")
        ->type_name("FILE");
    command
        ->add_option("--set", options.set,
                     "Change one value of a config: kv.banks=64, or KIND:POINTER=VALUE with KIND chip, model, recipe, "
                     "gpu, tech or economics")
        ->type_name("POINTER=VALUE")
        ->expected(1)
        ->take_all();
    command
        ->add_option("--threads", options.threads, "Threads to use; 0 is one per core; nothing but times depends on it")
        ->type_name("J")
        ->check(CLI::Range(0, 1024));
    if (records(command->get_name()))
      command
          ->add_option("--record", options.record,
                       "Add figures of the result to a baseline, which kiln check runs again")
          ->type_name("FILE");
    if (command->get_name() == "bench") command->add_option("--record", options.record)->group("");  // refused in words
    command->get_formatter()->column_width(kHelpColumn);
  }
}

/// A script's variable that was never set is not as if the option were not there. Texts may be empty, and --set says what
/// it expects.
void refuse_empty(CLI::App& app) {
  const CLI::Validator given([](const std::string& text) { return std::string(text.empty() ? "it is empty" : ""); },
                             "");
  const auto may_be = [](const CLI::Option& option) {
    return option.check_lname("prompt") || option.check_lname("system") || option.check_lname("set");
  };
  for (auto* command : app.get_subcommands({}))
    for (auto* option : command->get_options())
      if (option->get_items_expected_max() > 0 && !may_be(*option)) option->check(given);
}

/// "bursts|beats" -> bursts and beats; "G...|all" and "FILE" say nothing of the words that there are.
std::vector<std::string> words_of(const std::string& type) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at <= type.size();) {
    const auto end = std::min(type.find('|', at), type.size());
    const auto word = type.substr(at, end - at);
    if (word.empty() || word.front() < 'a' || word.front() > 'z') return {};
    words.push_back(word);
    at = end + 1;
  }
  return words;
}

std::vector<std::string> values_of(const CLI::Option& option, const std::string& name, const Session& session) {
  for (const auto kind : config::kKindNames)
    if (name == kind) return session.names(kind);
  return words_of(option.get_type_name());
}

std::vector<CommandWords> words_of(const CLI::App& app, const Session& session) {
  std::vector<CommandWords> commands;
  for (const auto* command : app.get_subcommands([](const CLI::App* c) { return !c->get_group().empty(); })) {
    CommandWords words{command->get_name(), command->get_description(), {}, {}};
    for (const auto* option : command->get_options()) {
      if (!option->nonpositional()) {
        words.operands = words_of(option->get_type_name());
        continue;
      }
      OptionWords entry;
      if (!option->get_snames().empty()) entry.brief = option->get_snames().front();
      if (!option->get_lnames().empty()) entry.full = option->get_lnames().front();
      entry.takes_value = option->get_items_expected_max() > 0;
      entry.description = option->get_description();
      if (entry.takes_value) entry.values = values_of(*option, entry.full, session);
      words.options.push_back(std::move(entry));
    }
    commands.push_back(std::move(words));
  }
  return commands;
}

base::Result<int> write_script(const CLI::App& app, std::string_view shell, Session& session) {
  const auto written = session.output("", completion_script(shell, words_of(app, session)));
  if (!written) return written.error();
  return 0;
}

/// After all others, whose options it completes; the help does not show it.
void add_completion(CLI::App& app, Action& chosen) {
  auto shell = std::make_shared<int>(0);
  auto* command = app.add_subcommand("completion", "Write a script that completes kiln's command line");
  command->group("");
  std::map<std::string, int> shells;
  for (const auto name : kShells) shells.emplace(name, static_cast<int>(shells.size()));
  command->add_option("SHELL", *shell, "bash, zsh or fish")->transform(one_of(shells))->required();
  command->footer(
      "Examples:\n"
      "  source <(kiln completion bash)\n"
      "  kiln completion zsh > _kiln");
  command->callback([shell, &app, &chosen] {
    chosen = [shell, &app](Session& session) { return write_script(app, kShells[*shell], session); };
  });
}

int fail(std::string_view sentence, int status) {
  complain(sentence);
  return status;
}

/// A config file's errors come together.
int fail(const base::Error& error) {
  std::string_view sentences = error.message;
  while (error.lines && sentences.find('\n') != sentences.npos) {
    const auto end = sentences.find('\n');
    complain(sentences.substr(0, end));
    sentences.remove_prefix(end + 1);
  }
  return fail(sentences, kBadInput);
}

int show(const std::string& text) {
  if (std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return 0;
  return fail("cannot write to standard output", kBadInput);
}

/// CLI11's text with lines that fit the terminal: what an option does goes on below where it began.
std::string fitted(const std::string& help) {
  const std::size_t columns = text_columns();
  std::string text;
  bool examples = false;  // are copied from the screen, and stay whole
  for (std::size_t at = 0; at < help.size();) {
    const auto end = std::min(help.find('\n', at), help.size());
    const auto line = help.substr(at, end - at);
    examples = examples || line == "Examples:";
    text += examples ? line + "\n" : report::hanging(line, kHelpColumn, columns);
    at = end + 1;
  }
  return text;
}

/// The first option, of the command that was chosen, that changes nothing.
std::optional<std::string> idle_option(const CLI::App& app) {
  for (const auto* command : app.get_subcommands()) {
    const auto given = [&](std::string_view option) {
      const auto* found = command->get_option_no_throw(std::string(option));
      return found != nullptr && found->count() > 0;
    };
    if (auto sentence = without_effect(command->get_name(), given)) return sentence;
  }
  return std::nullopt;
}

/// What may be given for a word that is missing, after CLI11's sentence about it.
std::string words_expected(const CLI::App& app, const std::string& sentence) {
  for (const auto* command : app.get_subcommands())
    for (const auto* option : command->get_options()) {
      const auto words = words_of(option->get_type_name());
      if (!words.empty() && sentence == option->get_name() + " is required")
        return fmt::format(": one of {} is expected", fmt::join(words, ", "));
    }
  return "";
}

int run_action(const Action& action, Session& session) {
  if (const auto opened = session.open_output(); !opened) return fail(opened.error());
  const auto status = action(session);
  // A program that this one started may have been ended by the same Ctrl-C, and have said so in its own way.
  if (!status || *status != 0) session.interrupts().settle();
  if (session.stop().stop_requested() || (!status && status.error().interrupted)) {
    to_standard_error("kiln: interrupted\n");
    return kInterrupted;
  }
  if (!status) return fail(status.error());
  return *status;
}

int parse_and_run(int argc, const char* const* argv) {
  const Interrupts interrupts;
  CLI::App app{"Kiln bakes a Llama checkpoint into a weights-in-silicon chip and runs that chip cycle by cycle.",
               "kiln"};
  app.require_subcommand(1);
  app.set_version_flag("--version", report::version_line());
  app.footer(
      "Examples:\n"
      "  kiln bake models/kiln-stories-1m -o stories.rom --recipe w4\n"
      "  kiln run --rom stories.rom --chip demo --prompt \"Once upon a time\"\n"
      "  kiln chat --rom stories.rom --chip demo\n"
      "  kiln run --model llama-3.1-8b --chip hc1 --timing-only --prompt-tokens 1024 -n 1024\n"
      "`kiln COMMAND --help` shows a command's options and examples.");
  Action action;
  CommonOptions options;
  for (const auto add : {add_bake, add_inspect, add_run, add_chat, add_eval, add_baseline, add_cost, add_new, add_sweep,
                         add_check, add_bench, add_diff, add_list, add_rtl})
    add(app, action);
  add_common(app, options);
  refuse_empty(app);
  add_completion(app, action);
  const auto is_command = [&](std::string_view word) {
    const auto commands = app.get_subcommands({});
    return std::any_of(commands.begin(), commands.end(), [&](const CLI::App* c) { return c->get_name() == word; });
  };
  if (argc > 1 && argv[1][0] != '-' && !is_command(argv[1]))
    return fail(
        fmt::format("no command is named \"{}\"; bake, inspect, run, chat, eval, baseline, cost, new, sweep, check, "
                    "bench, diff, list or rtl is expected",
                    base::without_controls(argv[1])),
        kBadInput);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_name() == "CallForHelp") return show(fitted(app.help()));
    if (e.get_exit_code() == 0) return show(std::string(e.what()) + "\n");  // --version
    return fail(
        fmt::format("{}{} (see `kiln --help`)", base::without_controls(e.what()), words_expected(app, e.what())),
        kBadInput);
  }
  if (const auto sentence = idle_option(app)) return fail(*sentence, kBadInput);
  options.arguments.assign(argv + 1, argv + argc);
  Session session(options, interrupts);
  return run_action(action, session);
}

}  // namespace

int run(int argc, const char* const* argv) {
  if (const auto enough = prepare_for_limits(); !enough) return fail(enough.error());
  try {
    return parse_and_run(argc, argv);
  } catch (const std::bad_alloc&) {
    return fail("not enough memory", kBadInput);
  } catch (const std::system_error& e) {
    // Threads, files of the standard library: what the system refuses is no bug.
    return fail(fmt::format("the system refuses what this command needs: {}", e.what()), kBadInput);
  } catch (const std::exception& e) {
    return fail(e.what(), kCheckFailed);
  }
}

}  // namespace kiln::cli
