#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <thread>

#include "base/atomic_file.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/requirement.hpp"
#include "cli/standard_error.hpp"
#include "cli/sweep_dry_run.hpp"
#include "cli/sweep_line.hpp"
#include "cli/terminal.hpp"
#include "json/value.hpp"
#include "report/table.hpp"
#include "sweep/answers.hpp"
#include "sweep/sweep.hpp"

namespace kiln::cli {
namespace {

struct SweepOptions {
  sweep::SweepQuestion question;
  std::string shard, worker, csv, database, require, emit;
  std::vector<std::string> sbatch;
  sweep::Verify verify = sweep::Verify::None;
  bool dry_run = false, keep_going = false;
  std::uint64_t point = 0;
};
using Shared = std::shared_ptr<SweepOptions>;
constexpr std::size_t kArrayTasks = 16;  ///< of a job array, if nothing is said

base::Result<std::optional<sweep::Shard>> shard_of(const std::string& text) {
  if (text.empty()) return std::optional<sweep::Shard>();
  const auto slash = text.find('/');
  const auto number = [](const std::string& digits) -> std::optional<std::uint64_t> {
    if (digits.empty() || digits.size() > 9 || digits.find_first_not_of("0123456789") != digits.npos)
      return std::nullopt;
    return std::stoull(digits);
  };
  const auto index = number(text.substr(0, slash));
  const auto count = slash == text.npos ? std::nullopt : number(text.substr(slash + 1));
  if (!index || !count || *index < 1 || *index > *count)
    return base::Error{"--shard is " + text + "; I/N with I from 1 to N is expected"};
  return std::optional(sweep::Shard{*index, *count});
}

base::Result<int> finish(const std::string& file, const SweepOptions& options, const sweep::SweepAnswer& answer,
                         Session& session) {
  const auto database = sweep::Database::open(file);
  if (!database) return database.error();
  const auto all = sweep::overview(*database);
  if (!all) return all.error();
  std::string document;
  if (!session.options().json.empty() || !session.options().record.empty()) {
    const auto written = sweep::export_json(*database, [&](std::string_view text) -> base::Status {
      document += text;
      return {};
    });
    if (!written) return written.error();
  }
  if (const auto shown = session.output(document, sweep::overview_text(*all, text_columns())); !shown)
    return shown.error();
  if (!answer.failure.empty()) complain(answer.failure);
  const bool none = !options.require.empty() && all->done == 0;
  return answer.tally.failed > 0 || none || !answer.failure.empty() ? kCheckFailed : 0;
}

/// The script of a job array, and what to type.
base::Result<int> tell_script(const std::string& database, const sweep::SweepAnswer& answer, Session& session) {
  const auto points = answer.tally.points - answer.tally.answered();
  std::string text = database + ": all points are answered; no script was written\n";
  if (!answer.script.empty())
    text = fmt::format("wrote {}, an array of {} tasks for {} points. Next:\n  sbatch {}\n  kiln sweep collect {}\n",
                       base::without_controls(answer.script), answer.tasks, report::grouped(points),
                       base::shell_word(answer.script), base::shell_word(database));
  const json::Object document{{"script", answer.script}, {"tasks", std::uint64_t{answer.tasks}}, {"points", points}};
  if (const auto shown = session.output(json::write(document) + "\n", text); !shown) return shown.error();
  return 0;
}

base::Result<int> run_sweep(const SweepOptions& options, Session& session) {
  auto& environment = session.environment();
  if (!session.options().set.empty()) return base::Error{"--set has no effect: /base/set of the spec changes configs"};
  if (!options.worker.empty()) {
    const auto done = sweep::run_worker(options.worker, environment);
    if (!done) return done.error();
    return 0;
  }
  if (options.question.spec.empty())
    return base::Error{"SPEC is missing; the file of a sweep is expected (docs/sweep.md)"};
  auto question = options.question;
  question.verify = options.verify;
  question.buildable = !options.require.empty();
  auto shard = shard_of(options.shard);
  if (!shard) return shard.error();
  question.shard = *shard;
  question.emit = !options.emit.empty();
  const bool on_cluster = question.emit || question.scheduler == sweep::Scheduler::Slurm;
  if (!on_cluster && !options.sbatch.empty())
    return base::Error{"--sbatch has no effect beside --engine local: without Slurm there is no sbatch"};
  for (const auto& text : options.sbatch) {
    const auto option = sweep::sbatch_option(text);
    if (!option) return option.error();
    question.sbatch.push_back(*option);
  }
  if (question.jobs == 0) question.jobs = on_cluster ? kArrayTasks : std::max(1U, std::thread::hardware_concurrency());
  if (question.resume && !question.extend && !question.reuse.empty() && std::filesystem::exists(question.output))
    return base::Error{"--reuse has no effect beside --resume: the database has its answers"};
  if (question.shard && !question.reuse.empty())
    return base::Error{"--reuse has no effect beside --shard: whoever collects has the answers"};
  if (question.shard && question.verify == sweep::Verify::Front)
    return base::Error{"--verify front has no effect beside --shard: no shard knows the front"};
  if (question.emit && question.verify == sweep::Verify::Front)
    return base::Error{"--verify front has no effect beside --emit: no task knows the front"};
  if (options.dry_run) {
    const auto dry = sweep::dry_run(question, environment);
    if (!dry) return dry.error();
    if (const auto shown = session.output(dry_json(*dry), dry_text(*dry)); !shown) return shown.error();
    return 0;
  }
  if (question.output.empty()) return base::Error{"-o is missing; the database of the answers is expected"};
  question.on_warning = Session::warn;
  question.on_progress = [line = std::make_shared<SweepLine>()](const sweep::SweepProgress& progress) {
    line->show(progress);
  };
  const auto answer = sweep::run_sweep(question, environment);
  question.on_progress = {};
  if (!answer) return answer.error();
  if (question.emit) return tell_script(question.output, *answer, session);
  if (!question.shard) return finish(question.output, options, *answer, session);
  const auto& tally = answer->tally;
  if (const auto shown =
          session.output("", fmt::format("{}: {} of {} points answered, {} failed; kiln sweep collect gathers them\n",
                                         options.shard, report::grouped(tally.answered()),
                                         report::grouped(tally.points), report::grouped(tally.failed)));
      !shown)
    return shown.error();
  return tally.failed > 0 ? kCheckFailed : 0;
}

base::Result<int> run_export(const SweepOptions& options, Session& session) {
  if (options.csv.empty() && session.options().json.empty())
    return base::Error{"--json FILE or --csv FILE is expected (- for standard output)"};
  if (options.csv == "-" && session.options().json == "-")
    return base::Error{"--csv and --json both go to standard output; one of them to a file is expected"};
  std::optional<base::AtomicFile> file;
  if (!options.csv.empty() && options.csv != "-") {
    auto created = base::AtomicFile::create(options.csv);
    if (!created) return created.error();
    file = *std::move(created);
  }
  const auto database = sweep::Database::open(options.database);
  if (!database) return database.error();
  std::string document, table;
  const auto into = [](std::string& text) {
    return [&text](std::string_view piece) -> base::Status {
      text += piece;
      return {};
    };
  };
  if (!session.options().json.empty())
    if (const auto done = sweep::export_json(*database, into(document)); !done) return done.error();
  if (!options.csv.empty())
    if (const auto done = sweep::export_csv(*database, into(table)); !done) return done.error();
  if (file) {
    if (const auto done = file->append(table); !done) return done.error();
    if (const auto done = file->commit(); !done) return done.error();
    session.wrote(options.csv);
    table.clear();
  }
  if (const auto shown = session.output(document, table); !shown) return shown.error();
  return 0;
}

base::Result<int> run_collect(const SweepOptions& options, Session& session) {
  const auto answer = sweep::collect(options.database, session.environment(), Session::warn);
  if (!answer) return answer.error();
  return finish(options.database, options, *answer, session);
}

base::Result<int> run_explain(const SweepOptions& options, Session& session) {
  const auto database = sweep::Database::open(options.database);
  if (!database) return database.error();
  const auto answer = sweep::explain(*database, options.point, text_columns(), session.environment());
  if (!answer) return answer.error();
  if (const auto shown = session.output(answer->json, answer->text); !shown) return shown.error();
  return 0;
}

void add_parts(CLI::App& command, const Shared& options, Action& chosen) {
  const auto add = [&](const char* name, const char* help, base::Result<int> (*run)(const SweepOptions&, Session&)) {
    auto* part = command.add_subcommand(name, help);
    part->add_option("DATABASE", options->database, "That kiln sweep wrote")->type_name("R.db")->required();
    part->callback([options, run, name, &command, &chosen] {
      chosen = [options, run, name, &command](Session& session) -> base::Result<int> {
        for (const auto* option : command.get_options())
          if (option->count() > 0)
            return base::Error{fmt::format("{} has no effect beside {}", option->get_name(), name)};
        return run(*options, session);
      };
    });
    return part;
  };
  add("collect", "Gather what shards and workers wrote into the database", run_collect)
      ->footer("Examples:\n  kiln sweep collect hc1.db");
  auto* out = add("export", "All points, for programs", run_export);
  out->add_option("--csv", options->csv, "Write a table to FILE (- for standard output)")->type_name("FILE");
  out->footer("Examples:\n  kiln sweep export hc1.db --csv hc1.csv\n  kiln sweep export hc1.db --json -");
  auto* explain = add("explain", "What limits a point, its constraints, and the nearest of the front", run_explain);
  explain->add_option("POINT", options->point, "Its number")->check(whole_number())->type_name("N")->required();
  explain->footer("Examples:\n  kiln sweep explain hc1.db 17");
}

void add_cluster(CLI::App& command, const Shared& options) {
  using sweep::Scheduler;
  command.add_option("--engine", options->question.scheduler, "local or slurm: a job array, which is waited for")
      ->transform(one_of<Scheduler>({{"local", Scheduler::Local}, {"slurm", Scheduler::Slurm}}))
      ->type_name("local|slurm");
  command.add_option("--emit", options->emit, "Write the script of a job array beside R.db, and end")
      ->transform(one_of<sweep::Scheduler>({{"slurm", sweep::Scheduler::Slurm}}))
      ->type_name("slurm");
  command.add_option("--sbatch", options->sbatch, "An option for sbatch: time=2:00:00, partition=short; repeated")
      ->allow_extra_args(false)
      ->type_name("NAME=VALUE");
  command.add_option("--todo", options->question.todo)->group("");
}

}  // namespace

void add_sweep(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<SweepOptions>();
  auto& question = options->question;
  question.jobs = 0;
  auto* command =
      app.add_subcommand("sweep", "Answer all points of a spec: which chips are best, and what the rest lacks");
  command->require_subcommand(0, 1);
  command->add_option("SPEC", question.spec, "What is varied, as docs/sweep.md says")->type_name("SPEC");
  command->add_option("-o,--output", question.output, "Database of the answers")->type_name("R.db");
  command->add_option("-j,--jobs", question.jobs, "Processes; 0 is one per core. Tasks of a Slurm array; 0 is 16")
      ->check(CLI::Range(0, 1024))
      ->type_name("N")
      ->capture_default_str();
  command->add_flag("--resume", question.resume, "Go on with a database of the same spec");
  command->add_flag("--extend", question.extend, "Take another spec's points into the database");
  command->add_option("--reuse", question.reuse, "Take answers to the same points from another sweep's database")
      ->type_name("R.db");
  add_require(*command, options->require, "Points whose chip cannot be built are infeasible; status 1 if none can");
  command->add_option("--shard", options->shard, "Answer every N-th point, from the I-th, into a file of its own")
      ->type_name("I/N");
  command->add_option("--verify", options->verify, "none, front or all: simulate what the closed form found")
      ->transform(one_of<sweep::Verify>(
          {{"none", sweep::Verify::None}, {"front", sweep::Verify::Front}, {"all", sweep::Verify::All}}))
      ->type_name("none|front|all");
  command->add_flag("--keep-going", options->keep_going, "Go on where a point fails; so it is if nothing is said");
  command->add_flag("--fail-fast", question.fail_fast, "Stop at the first point that fails");
  command->add_flag("--dry-run", options->dry_run, "Count points, say which are no chips, estimate the time");
  add_cluster(*command, options);
  command->add_option("--worker", options->worker)->group("");
  command->footer(
      "Examples:\n"
      "  kiln sweep configs/sweep/hc1-tiles.json -o hc1.db -j 2\n"
      "  kiln sweep configs/sweep/hc1-tiles.json --dry-run\n"
      "  kiln sweep configs/sweep/hc1-tiles.json -o hc1.db --resume --verify front\n"
      "  kiln sweep export hc1.db --csv hc1.csv\n"
      "  kiln sweep configs/sweep/hc1-tiles.json -o big.db --emit slurm -j 64 --sbatch time=2:00:00\n"
      "  kiln sweep configs/sweep/hc1-tiles.json -o big.db --engine slurm -j 64 --resume");
  command->callback([options, command, &chosen] {
    if (command->get_subcommands().empty())
      chosen = [options](Session& session) { return run_sweep(*options, session); };
  });
  add_parts(*command, options, chosen);
}

}  // namespace kiln::cli
