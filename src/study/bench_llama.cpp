#include "study/bench_llama.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/mapped_file.hpp"
#include "base/subprocess.hpp"
#include "base/text.hpp"
#include "json/read.hpp"

namespace kiln::study {
namespace {

constexpr std::size_t kMostLlamaSays = std::size_t{1} << 20;
constexpr const char* kLlamaDecode = "llama_bench_decode";
constexpr const char* kLlamaPrefill = "llama_bench_prefill";

std::uint64_t whole_at(const json::Value& row, const char* key) {
  const auto* found = row.find(key);
  return found != nullptr && found->is_whole() ? found->whole() : 0;
}

std::string word_at(const json::Value& row, const char* key) {
  const auto* found = row.find(key);
  return found != nullptr && found->is_text() ? base::excerpt(base::without_controls(found->text())) : "";
}

/// The last line that is not empty: what a program says before it gives up.
std::string last_line(const std::string& file) {
  const auto text = base::read_text_file(file, kMostLlamaSays);
  if (!text) return "";
  const auto end = text->find_last_not_of("\n\r ");
  if (end == text->npos) return "";
  const auto begin = text->find_last_of('\n', end);
  return base::excerpt(base::without_controls(text->substr(begin + 1, end - begin)));
}

base::Result<LlamaBenchRow> ask_llama(const std::vector<std::string>& words, const std::string& folder,
                                      const std::stop_token& stop) {
  const auto out = folder + "/llama-bench.json", err = folder + "/llama-bench.log";
  const auto program = base::start_program(words, {.in = "/dev/null", .out = out, .err = err});
  if (!program) return base::Error{"--llama-bench: " + program.error().message};
  const auto end = base::wait_for(*program, stop);
  if (stop.stop_requested()) return base::Error{"interrupted"};
  if (!end.good()) {
    const auto how = end.signal == 0 ? fmt::format("ended with status {}", end.status)
                                     : fmt::format("was ended by signal {}", end.signal);
    const auto why = last_line(err);
    return base::Error{fmt::format("--llama-bench: {} {}{}{}", words.front(), how, why.empty() ? "" : ": ", why)};
  }
  const auto text = base::read_text_file(out, kMostLlamaSays);
  if (!text) return base::Error{"--llama-bench: " + text.error().message};
  auto row = read_llama_bench(*text);
  if (!row) return base::Error{fmt::format("--llama-bench: {}: {}", words.front(), row.error().message)};
  return row;
}

BenchLane llama_lane(const BenchSubject& subject, const std::string& folder, const std::shared_ptr<LlamaSaid>& said,
                     bool decode) {
  const auto& question = subject.question;
  const std::uint64_t tokens = decode ? question.new_tokens : question.prompt_tokens;
  BenchLane lane;
  lane.measurement.name = decode ? kLlamaDecode : kLlamaPrefill;
  lane.measurement.what = decode ? "llama-bench: decode" : "llama-bench: prefill";
  lane.measurement.bound = "read_image";
  lane.measurement.tokens = tokens;
  const std::string counted = std::to_string(tokens);
  const std::vector<std::string> words = {question.llama_bench,
                                          "-m",
                                          question.llama_model,
                                          "-t",
                                          std::to_string(subject.pool.threads()),
                                          "-ngl",
                                          "0",
                                          "-r",
                                          "1",
                                          "-p",
                                          decode ? "0" : counted,
                                          "-n",
                                          decode ? counted : "0",
                                          "-o",
                                          "json"};
  lane.warms_up = false;  // it has a warm-up of its own
  lane.once = [=, stop = subject.quiet.stop](BenchMeasurement& measurement) -> base::Result<double> {
    const auto row = ask_llama(words, folder, stop);
    if (!row) return row.error();
    if (row->new_tokens != (decode ? tokens : 0) || row->prompt_tokens != (decode ? 0 : tokens))
      return base::Error{fmt::format(
          "--llama-bench: {} measured {} prompt tokens and {} new ones; {} {} were asked for", words.front(),
          row->prompt_tokens, row->new_tokens, tokens, decode ? "new ones" : "prompt tokens")};
    *said = {row->model, row->build, row->model_bytes};
    measurement.bytes = tokens * row->model_bytes;
    return static_cast<double>(tokens) / row->tokens_per_s;
  };
  return lane;
}

}  // namespace

base::Result<LlamaBenchRow> read_llama_bench(const std::string& document) {
  const auto tree = json::read(document, 16, [](const json::Problem&) { return false; });
  if (!tree || !tree->is_array() || tree->size() != 1 || !tree->array().front().is_object())
    return base::Error{"what it says with -o json is no list of one test"};
  const auto& test = tree->array().front();
  LlamaBenchRow row;
  row.prompt_tokens = whole_at(test, "n_prompt");
  row.new_tokens = whole_at(test, "n_gen");
  row.model_bytes = whole_at(test, "model_size");
  row.model = word_at(test, "model_type");
  row.build = word_at(test, "build_commit");
  const auto* rate = test.find("avg_ts");
  if (rate == nullptr || !rate->is_number() || !(rate->number() >= 1e-6 && rate->number() <= 1e12))
    return base::Error{"what it says with -o json has no avg_ts, tokens a second, from 1e-6 to 1e12"};
  if (row.model_bytes == 0 || row.model_bytes > std::uint64_t{1} << 50)
    return base::Error{"what it says with -o json has no model_size, bytes, from 1 to 2^50"};
  row.tokens_per_s = rate->number();
  return row;
}

std::vector<BenchLane> llama_lanes(const BenchSubject& subject, const std::string& folder,
                                   const std::shared_ptr<LlamaSaid>& said) {
  return {llama_lane(subject, folder, said, true), llama_lane(subject, folder, said, false)};
}

LlamaAnswer llama_answer(const std::vector<BenchMeasurement>& measurements, const LlamaSaid& said) {
  LlamaAnswer answer{said.model, said.build, said.model_bytes, {}};
  const auto find = [&](const std::string& name) {
    return std::ranges::find(measurements, name, &BenchMeasurement::name);
  };
  for (const auto& [ours, theirs] :
       {std::pair("decode", kLlamaDecode), {"values", kLlamaDecode}, {"prefill", kLlamaPrefill}}) {
    const auto us = find(ours), them = find(theirs);
    if (us == measurements.end() || them == measurements.end()) continue;
    auto rounds = per_second(*us, us->tokens);
    const auto rates = per_second(*them, them->tokens);
    for (std::size_t round = 0; round < rounds.size(); ++round) rounds[round] /= rates[round];
    answer.ratios.push_back({ours, std::move(rounds)});
  }
  return answer;
}

}  // namespace kiln::study
