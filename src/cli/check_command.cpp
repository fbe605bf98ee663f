#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <memory>
#include <sstream>
#include <utility>

#include "base/atomic_file.hpp"
#include "base/file_roles.hpp"
#include "base/temporary_folder.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/terminal.hpp"
#include "gate/check.hpp"
#include "gate/pace.hpp"
#include "report/version.hpp"

namespace kiln::cli {
namespace {

namespace fs = std::filesystem;

/// Even where its file was replaced meanwhile.
constexpr const char* kThisProgram = "/proc/self/exe";

struct CheckOptions {
  std::string baseline, junit, markdown, against;
  bool update = false;
};

/// Files that are opened before the work, filled after it, and all put in place at the end: a full disk leaves none.
class Outputs {
 public:
  base::Status open(const std::string& path, bool rewritten = false) {
    auto file = base::AtomicFile::create(path, rewritten);
    if (!file) return file.error();
    files_.emplace_back(path, *std::move(file));
    return {};
  }
  base::Status append(const std::string& path, const std::string& text) {
    for (auto& [name, file] : files_)
      if (name == path) return file.append(text);
    return {};
  }
  base::Status commit(Session& session) {
    for (auto& [name, file] : files_) {
      if (auto good = file.commit(); !good) return good;
      session.wrote(name);
    }
    return {};
  }

 private:
  std::vector<std::pair<std::string, base::AtomicFile>> files_;
};

gate::Place place_of(const CheckOptions& options, const base::TemporaryFolder& scratch, const Session& session) {
  const auto folder = fs::path(options.baseline).parent_path();
  return {fs::absolute(folder.empty() ? fs::path(".") : folder).string(), scratch.path(), session.options().threads};
}

/// Commands run in the baseline's folder, from where a relative path would lead elsewhere.
void hold_config_path() {
  const char* folders = std::getenv("KILN_CONFIG_PATH");
  if (folders == nullptr) return;
  std::string all;
  std::stringstream rest(folders);
  for (std::string folder; std::getline(rest, folder, ':');)
    all += (all.empty() ? "" : ":") + (folder.empty() ? folder : fs::absolute(folder).string());
  ::setenv("KILN_CONFIG_PATH", all.c_str(), 1);
}

std::string document(json::Object answer) {
  answer.merge(report::document_head("check"));
  return json::write(answer) + "\n";
}

base::Result<int> compare_pace(const CheckOptions& options, const gate::Baseline& baseline,
                               const base::TemporaryFolder& scratch, Session& session) {
  std::error_code failed;
  const auto theirs = fs::canonical(options.against, failed);
  if (failed) return base::Error{"--against: " + options.against + ": " + failed.message()};
  gate::PaceQuestion question{kThisProgram, theirs.string(), place_of(options, scratch, session)};
  const auto pace = gate::measure(baseline, question, session.progress());
  if (!pace) return pace.error();
  if (const auto shown = session.output(document(gate::pace_json(*pace)), gate::pace_text(*pace)); !shown)
    return shown.error();
  return pace->slower() ? kCheckFailed : 0;
}

/// A renewed baseline must not undo what was recorded or edited while the commands ran.
base::Status commit(const CheckOptions& options, const gate::Baseline& baseline, Outputs& outputs, Session& session) {
  if (!options.update) return outputs.commit(session);
  const gate::Turn turn(options.baseline);
  if (auto good = gate::unchanged(options.baseline, baseline); !good) return good;
  return outputs.commit(session);
}

base::Result<int> compare_figures(const CheckOptions& options, const gate::Baseline& baseline,
                                  const base::TemporaryFolder& scratch, Session& session) {
  Outputs outputs;
  for (const auto& file : {options.junit, options.markdown})
    if (!file.empty())
      if (const auto good = outputs.open(file); !good) return good.error();
  if (options.update)
    if (const auto good = outputs.open(options.baseline, true); !good) return good.error();
  const auto run = gate::in_process(kThisProgram, place_of(options, scratch, session), session.stop());
  const auto answer = gate::check(baseline, run, session.progress());
  if (!answer) return answer.error();
  const auto renewed = gate::renewed(*answer);
  if (options.update && renewed.metrics.empty())
    return base::Error{options.baseline + ": none of its figures is left, so there is no baseline to write"};
  const auto name = base::without_controls(fs::path(options.baseline).filename().string());
  const std::map<std::string, std::string> texts = {{options.junit, gate::junit_xml(*answer, name)},
                                                    {options.markdown, gate::markdown(*answer, name)},
                                                    {options.update ? options.baseline : "", gate::to_text(renewed)}};
  for (const auto& [file, text] : texts)
    if (const auto good = outputs.append(file, text); !good) return good.error();
  if (const auto good = commit(options, baseline, outputs, session); !good) return good.error();
  const auto update = options.update ? gate::Update::Done : gate::Update::No;
  if (const auto shown = session.output(document(gate::check_json(*answer, update)),
                                        gate::check_text(*answer, options.baseline, update, text_columns()));
      !shown)
    return shown.error();
  const bool good = options.update ? answer->commands_ended_well() : answer->passed();
  return good ? 0 : kCheckFailed;
}

base::Result<int> run_check(const CheckOptions& options, Session& session) {
  if (!session.options().set.empty()) return base::Error{"--set has no effect: the baseline says what is run"};
  const auto baseline =
      gate::read_baseline(options.baseline, options.update ? base::FileRole::Rewritten : base::FileRole::Input);
  if (!baseline) return baseline.error();
  // Commands run in the baseline's folder, from where a relative path would lead elsewhere: it is an absolute one.
  const auto scratch = base::TemporaryFolder::create("kiln-check", "where the commands write");
  if (!scratch) return scratch.error();
  if (auto good = gate::claim_inputs(*baseline, place_of(options, *scratch, session).folder); !good)
    return good.error();
  if (!options.against.empty())
    if (auto good = base::claim_input(options.against); !good) return good.error();
  hold_config_path();
  return options.against.empty() ? compare_figures(options, *baseline, *scratch, session)
                                 : compare_pace(options, *baseline, *scratch, session);
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
                   "Another kiln: compare processor and wall time, both programs in turn on this machine")
      ->type_name("OTHER_KILN");
  command->footer(
      "Examples:\n"
      "  kiln run --model llama-3.1-8b --chip hc1 --prompt-tokens 64 -n 64 --record gate.json\n"
      "  kiln check gate.json --junit gate.xml --markdown gate.md\n"
      "  kiln check gate.json --update\n"
      "  kiln check gate.json --against build/release/kiln");
  command->callback(
      [options, &chosen] { chosen = [options](Session& session) { return run_check(*options, session); }; });
}

}  // namespace kiln::cli
