#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <optional>

#include "base/atomic_file.hpp"
#include "cli/commands.hpp"
#include "kiln/study/bench.hpp"
#include "report/bench_report.hpp"

namespace kiln::cli {
namespace {

struct BenchOptions {
  study::BenchQuestion question;
  std::optional<std::uint64_t> rounds, new_tokens, prompt_tokens, context, kernel_mib;
  std::string csv;
  bool quick = false;
};

/// What --quick makes smaller, unless it is said.
study::BenchQuestion question_of(const BenchOptions& options) {
  auto question = options.question;
  if (options.quick) {
    question.rounds = 3;
    question.new_tokens = question.prompt_tokens = question.context = 16;
    question.window_mib = 8;
    if (question.rom.empty() && question.model.empty()) question.model = "synthetic:kiln-stories-1m";
  }
  question.rounds = options.rounds.value_or(question.rounds);
  question.new_tokens = options.new_tokens.value_or(question.new_tokens);
  question.prompt_tokens = options.prompt_tokens.value_or(question.prompt_tokens);
  question.context = options.context.value_or(question.context);
  question.kernel_mib = options.kernel_mib.value_or(question.kernel_mib);
  return question;
}

/// What nothing would read; shapes of growth are configs, too.
base::Status refuse_idle_sets(const study::BenchQuestion& question, const Session& session) {
  if (question.growth) return {};
  if (question.rom.empty() || !question.model.empty())
    return session.refuse_set_of_shapes(question.model.empty() ? study::kBenchModel : question.model);
  for (const char* kind : {"model", "recipe"})
    if (const auto good = session.refuse_set(kind, "nothing is baked beside --rom without --model"); !good) return good;
  return {};
}

base::Result<int> run_bench(const BenchOptions& options, Session& session) {
  if (const auto set = session.allow_set({"chip", "model", "recipe", "tech"}); !set) return set.error();
  const auto question = question_of(options);
  if (const auto valid = study::check(question); !valid) return valid.error();
  if (const auto good = refuse_idle_sets(question, session); !good) return good.error();
  std::optional<base::AtomicFile> csv;
  const bool table_to_screen = options.csv == "-";
  if (table_to_screen && session.options().json == "-")
    return base::Error{"--csv and --json both go to standard output; one of them to a file is expected"};
  if (!options.csv.empty() && !table_to_screen) {
    auto file = base::AtomicFile::create(options.csv);
    if (!file) return file.error();
    csv = *std::move(file);
  }
  const auto answer = study::bench(question, session.environment());
  if (!answer) return answer.error();
  const auto table = options.csv.empty() ? "" : report::bench_csv(*answer);
  if (csv) {
    if (const auto written = csv->append(table); !written) return written.error();
    if (const auto there = csv->commit(); !there) return there.error();
    session.wrote(options.csv);
  }
  const auto text = table_to_screen ? table : report::bench_text(*answer);
  if (const auto written = session.output(report::bench_json(*answer), text); !written) return written.error();
  return 0;
}

void add_amounts(CLI::App& command, BenchOptions& options) {
  const auto count = [&](const char* flag, std::optional<std::uint64_t>& value, const char* help, const char* type) {
    command.add_option(flag, value, help)->check(whole_number())->type_name(type);
  };
  count("--rounds", options.rounds, "Times that each is measured, in turn [5]", "R");
  count("-n,--new-tokens", options.new_tokens, "Tokens of an answer in a round [32]", "N");
  count("--prompt-tokens", options.prompt_tokens, "Tokens of a prompt in a round [64]", "P");
  count("--context", options.context, "Tokens that are evaluated in a round [64]", "N");
  count("--kernel-mib", options.kernel_mib, "MiB that the kernels multiply, a part at a time [twice the largest cache]",
        "MIB");
}

}  // namespace

void add_bench(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<BenchOptions>();
  auto* command = app.add_subcommand("bench", "How fast Kiln itself is on this machine, and what bounds it");
  command->add_option("--rom", options->question.rom, "ROM image [one that is baked and removed]")->type_name("X.rom");
  command
      ->add_option("--model", options->question.model,
                   fmt::format("Checkpoint that is baked: a directory, a GGUF file or synthetic:MODEL[:SEED] [{}]",
                               study::kBenchModel))
      ->type_name("P");
  command->add_option("--recipe", options->question.recipe, "Recipe of what is baked [w3w6]")->type_name("R");
  command->add_option("--chip", options->question.chip, "A name under configs/chip or a file")
      ->type_name("C")
      ->capture_default_str();
  command
      ->add_option("--only", options->question.only,
                   fmt::format("Parts to measure, beside the plain read: {}", fmt::join(study::kBenchParts, ", ")))
      ->type_name("PART...");
  add_amounts(*command, *options);
  command->add_flag("--quick", options->quick, "A small model and small amounts: seconds, for a first look");
  command->add_flag("--growth", options->question.growth,
                    "Also shapes of 1 to 70 billion weights at contexts from 256 to 8,192");
  command
      ->add_option("--llama-bench", options->question.llama_bench,
                   "A llama-bench of llama.cpp: measured in turn with Kiln")
      ->type_name("PROGRAM");
  command->add_option("--llama-model", options->question.llama_model, "What it measures")->type_name("GGUF");
  command
      ->add_option("--csv", options->csv,
                   "Write a row a measurement, for scripts/plot-bench, to FILE (- for standard output)")
      ->type_name("FILE");
  command->footer(
      "Figures are times: of this machine and this moment, and none that a baseline could keep.\n"
      "Examples:\n"
      "  kiln bench --quick\n"
      "  kiln bench --rom stories.rom --chip demo --only decode prefill --rounds 3 --json bench.json\n"
      "  kiln bench --quick --only timing --growth --csv growth.csv");
  command->callback(
      [options, &chosen] { chosen = [options](Session& session) { return run_bench(*options, session); }; });
}

}  // namespace kiln::cli
