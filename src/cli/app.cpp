#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <exception>

#include "base/text.hpp"
#include "cli/cli.hpp"
#include "cli/commands.hpp"

namespace kiln::cli {

CLI::Validator whole_number() {
  const auto read = [](std::string& text) -> std::string {
    std::uint64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure == std::errc() && end == text.data() + text.size()) return {};
    return "found " + text + "; a whole number from 0 to 18446744073709551615 is expected";
  };
  return CLI::Validator(read, "");
}

CLI::Validator given() {
  return CLI::Validator([](const std::string& text) { return std::string(text.empty() ? "it is empty" : ""); }, "");
}

namespace {

/// A file that was opened where a standard one is closed would be written into by whoever prints.
void open_standard_files() {
  for (const int file : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(file, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free number is this one. Writing to it fails, as to a closed one; reading finds the end.
    if (::open("/dev/null", O_RDONLY) != file) return;
  }
}

void add_common(CLI::App& app, CommonOptions& options) {
  for (auto* command : app.get_subcommands({})) {
    command->add_option("--json", options.json, "Write the result as JSON to FILE (- for standard output)")
        ->type_name("FILE");
    command
        ->add_option("--set", options.set,
                     "Change one value of a config: kv.banks=64, or KIND:POINTER=VALUE with KIND chip, model, recipe, "
                     "gpu, tech or economics")
        ->type_name("POINTER=VALUE")
        ->expected(1)
        ->take_all();
    command->add_option("--threads", options.threads, "Threads to use; 0 is one per core; results do not depend on it")
        ->type_name("J")
        ->check(CLI::Range(0, 1024));
    command->get_formatter()->column_width(34);
  }
}

/// One sentence a line: a config file's errors come together.
int fail(std::string_view sentences, int status) {
  while (true) {
    const auto end = sentences.find('\n');
    fmt::print(stderr, "kiln: error: {}\n", base::without_controls(sentences.substr(0, end)));
    if (end == sentences.npos) return status;
    sentences.remove_prefix(end + 1);
  }
}

int run_action(const Action& action, Session& session) {
  if (const auto opened = session.open_output(); !opened) return fail(opened.error().message, kBadInput);
  const auto status = action(session);
  if (session.stop().stop_requested()) {
    fmt::print(stderr, "kiln: interrupted\n");
    return kInterrupted;
  }
  if (!status) return fail(status.error().message, kBadInput);
  return *status;
}

}  // namespace

int run(int argc, const char* const* argv) {
  open_standard_files();
  const Interrupts interrupts;
  CLI::App app{"Kiln bakes a Llama checkpoint into a weights-in-silicon chip and runs that chip cycle by cycle."};
  app.require_subcommand(1);
  app.set_version_flag("--version", "kiln " KILN_VERSION);
  app.footer(
      "Examples:\n"
      "  kiln bake models/kiln-stories-1m -o stories.rom --recipe w4\n"
      "  kiln run --rom stories.rom --chip demo --prompt \"Once upon a time\"\n"
      "  kiln chat --rom stories.rom --chip demo\n"
      "  kiln run --model llama-3.1-8b --chip hc1 --timing-only --prompt-tokens 1024 -n 1024\n"
      "`kiln COMMAND --help` shows a command's options and examples.");
  Action action;
  CommonOptions options;
  add_bake(app, action);
  add_inspect(app, action);
  add_run(app, action);
  add_chat(app, action);
  add_eval(app, action);
  add_baseline(app, action);
  add_cost(app, action);
  add_rtl(app, action);
  add_common(app, options);
  const auto is_command = [&](std::string_view word) {
    const auto commands = app.get_subcommands({});
    return std::any_of(commands.begin(), commands.end(), [&](const CLI::App* c) { return c->get_name() == word; });
  };
  if (argc > 1 && argv[1][0] != '-' && !is_command(argv[1]))
    return fail(
        fmt::format("no command is named \"{}\"; bake, inspect, run, chat, eval, baseline, cost or rtl is expected",
                    base::without_controls(argv[1])),
        kBadInput);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);  // --help, --version
    return fail(fmt::format("{} (see `kiln --help`)", base::without_controls(e.what())), kBadInput);
  }
  try {
    Session session(options, interrupts);
    return run_action(action, session);
  } catch (const std::bad_alloc&) {
    return fail("not enough memory", kBadInput);
  } catch (const std::exception& e) {
    return fail(e.what(), kCheckFailed);
  }
}

}  // namespace kiln::cli
