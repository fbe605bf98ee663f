#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "base/atomic_file.hpp"
#include "base/mapped_file.hpp"
#include "cli/commands.hpp"
#include "cli/terminal.hpp"
#include "gate/check.hpp"
#include "gate/pace.hpp"

namespace kiln::cli {
namespace {

namespace fs = std::filesystem;

struct CheckOptions {
  std::string baseline, junit, markdown, against;
  bool update = false;
};

/// A folder of this process's own, gone at the end.
class Scratch {
 public:
  Scratch() : path_((fs::temp_directory_path() / "kiln-check-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

base::Status write_file(const std::string& path, const std::string& text, Session& session) {
  auto file = base::AtomicFile::create(path);
  if (!file) return file.error();
  if (const auto good = file->append(text); !good) return good;
  if (const auto good = file->commit(); !good) return good;
  session.wrote(path);
  return {};
}

std::string folder_of(const std::string& file) {
  const auto folder = fs::path(file).parent_path();
  return fs::absolute(folder.empty() ? fs::path(".") : folder).string();
}

base::Result<int> compare_pace(const CheckOptions& options, const gate::Baseline& baseline, const Scratch& scratch,
                               Session& session) {
  std::error_code failed;
  const auto theirs = fs::canonical(options.against, failed);
  if (failed) return base::Error{"--against: " + options.against + ": " + failed.message()};
  const gate::PaceQuestion question{fs::canonical("/proc/self/exe").string(), theirs.string(),
                                    folder_of(options.baseline), scratch.path()};
  const auto pace = gate::measure(baseline, question, session.progress());
  if (!pace) return pace.error();
  if (const auto shown = session.output(gate::pace_json(*pace), gate::pace_text(*pace)); !shown) return shown.error();
  return pace->slower() ? kCheckFailed : 0;
}

base::Result<int> run_check(const CheckOptions& options, Session& session) {
  if (!session.options().set.empty()) return base::Error{"--set has no effect: the baseline says what is run"};
  const auto text = base::read_text_file(options.baseline, std::size_t{64} << 20);
  if (!text) return text.error();
  const auto baseline = gate::parse_baseline(*text, options.baseline);
  if (!baseline) return baseline.error();
  const Scratch scratch;
  if (scratch.path().empty()) return base::Error{"no folder for what the commands write can be made"};
  if (!options.against.empty()) return compare_pace(options, *baseline, scratch, session);
  const auto run =
      gate::in_process(fs::canonical("/proc/self/exe").string(), folder_of(options.baseline), scratch.path());
  const auto answer = gate::check(*baseline, run, session.progress());
  if (!answer) return answer.error();
  const auto name = fs::path(options.baseline).filename().string();
  if (!options.junit.empty())
    if (const auto good = write_file(options.junit, gate::junit_xml(*answer, name), session); !good)
      return good.error();
  if (!options.markdown.empty())
    if (const auto good = write_file(options.markdown, gate::markdown(*answer, name), session); !good)
      return good.error();
  if (options.update)
    if (const auto good = write_file(options.baseline, gate::to_text(gate::renewed(*answer)), session); !good)
      return good.error();
  if (const auto shown = session.output(gate::check_json(*answer), gate::check_text(*answer, text_columns())); !shown)
    return shown.error();
  return answer->passed() || options.update ? 0 : kCheckFailed;
}

}  // namespace

void add_check(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<CheckOptions>();
  auto* command =
      app.add_subcommand("check", "Run again what a baseline recorded, and hold today's figures against it");
  command->add_option("BASELINE", options->baseline, "That --record wrote")->type_name("FILE")->required();
  command->add_option("--junit", options->junit, "Write a case a metric, for CI servers")->type_name("FILE");
  command->add_option("--markdown", options->markdown, "Write what moved, for a pull request")->type_name("FILE");
  command->add_flag("--update", options->update, "Make today's figures the baseline, and show what moves");
  command
      ->add_option("--against", options->against,
                   "Another kiln: compare processor time, both programs in turn on this machine")
      ->type_name("OTHER_KILN");
  command->footer(
      "Examples:\n"
      "  kiln run --model llama-3.1-8b --chip hc1 --prompt-tokens 64 -n 64 --record gate.json\n"
      "  kiln check gate.json --junit gate.xml --markdown gate.md\n"
      "  kiln check gate.json --update");
  command->callback(
      [options, &chosen] { chosen = [options](Session& session) { return run_check(*options, session); }; });
}

}  // namespace kiln::cli
