#include "kiln/study/evaluate/evaluate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "base/mapped_file.hpp"
#include "checkpoint/lora.hpp"
#include "evaluate/evaluate.hpp"
#include "study/inputs/subject.hpp"

namespace kiln::study {
namespace {

constexpr std::uint64_t kDefaultContext = 512;

/// Ids separated by white space; each is in the vocabulary.
base::Result<std::vector<base::TokenId>> parse_ids(const std::string& file, std::uint32_t vocabulary) {
  const auto text = base::read_text_file(file);
  if (!text) return text.error();
  std::vector<base::TokenId> ids;
  const char* at = text->data();
  const char* const end = at + text->size();
  const auto space = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
  while (true) {
    while (at != end && space(*at)) ++at;
    if (at == end) return ids;
    base::TokenId id = 0;
    const auto [next, failure] = std::from_chars(at, end, id);
    if (failure != std::errc() || (next != end && !space(*next))) {
      return base::Error{fmt::format("{}, byte {}: token ids (whole numbers) separated by white space are expected",
                                     file, at - text->data())};
    }
    if (id >= vocabulary) {
      return base::Error{fmt::format("{}, byte {}: token {} of the text is {}; ids below {} are expected", file,
                                     at - text->data(), ids.size(), id, vocabulary)};
    }
    ids.push_back(id);
    at = next;
  }
}

base::Result<std::vector<base::TokenId>> read_ids(const EvaluateQuestion& question,
                                                  const std::optional<tokenizer::Tokenizer>& tokenizer,
                                                  std::uint32_t vocabulary) {
  if (!question.tokens.empty()) return parse_ids(question.tokens, vocabulary);
  if (!tokenizer)
    return base::Error{"--text needs a tokenizer, and there is none in what is evaluated: give --tokens F instead"};
  const auto text = base::read_text_file(question.text);
  if (!text) return text.error();
  if (text->empty()) return std::vector<base::TokenId>();  // not even a BOS
  auto ids = tokenizer->encode(*text);
  if (!ids) return base::Error{question.text + ": " + ids.error().message};
  return ids;
}

/// The predictors and their parts; each part lives as long as the evaluation.
struct Subjects {
  std::optional<rom::RomImage> rom;
  std::unique_ptr<checkpoint::Checkpoint> checkpoint;
  std::optional<reference::Model> model;
  std::optional<tokenizer::Tokenizer> tokenizer;
  std::optional<rom::Adapter> adapter;  ///< for the image

  [[nodiscard]] const config::ModelConfig& shapes() const { return rom ? rom->model() : checkpoint->config(); }
};

base::Status check_vocabularies(const Subjects& subjects) {
  if (!subjects.rom || !subjects.checkpoint) return {};
  const auto rom = subjects.rom->model().vocab_size;
  const auto checkpoint = subjects.checkpoint->config().vocab_size;
  if (rom == checkpoint) return {};
  return base::Error{
      fmt::format("the checkpoint has a vocabulary of {} tokens, the ROM image one of {}; they must be the same model",
                  checkpoint, rom)};
}

/// The chip keeps the adapter beside its ROM, the reference adds it to its weights.
base::Status add_adapter(const std::string& directory, Subjects& subjects) {
  if (directory.empty()) return {};
  if (subjects.rom) {
    auto baked = load_adapter(directory, subjects.rom->model());
    if (!baked) return baked.error();
    subjects.adapter = *std::move(baked);
  }
  if (subjects.checkpoint) {
    auto adapter = checkpoint::open_lora(directory, subjects.checkpoint->config());
    if (!adapter) return adapter.error();
    subjects.checkpoint = checkpoint::merged(std::move(subjects.checkpoint), *std::move(adapter));
  }
  return {};
}

/// Everything but the reference's weights and the tokenizer.
base::Result<Subjects> open_parts(const EvaluateQuestion& question, Environment& environment) {
  Subjects subjects;
  if (!question.rom.empty()) {
    auto image = open_image(question.rom, environment);
    if (!image) return image.error();
    subjects.rom = *std::move(image);
  }
  if (!question.checkpoint.empty()) {
    auto opened = open_checkpoint(question.checkpoint, environment.configs());
    if (!opened) return opened.error();
    subjects.checkpoint = *std::move(opened);
  }
  if (const auto same = check_vocabularies(subjects); !same) return same.error();
  if (const auto added = add_adapter(question.lora, subjects); !added) return added.error();
  return subjects;
}

/// The checkpoint's where it has one, else the image's.
base::Status add_tokenizer(Subjects& subjects) {
  if (subjects.checkpoint) {
    auto own = checkpoint::make_tokenizer(*subjects.checkpoint);
    if (!own) return own.error();
    subjects.tokenizer = *std::move(own);
  }
  if (subjects.tokenizer || !subjects.rom || !subjects.rom->tokenizer()) return {};
  auto made = tokenizer::Tokenizer::create(*subjects.rom->tokenizer());
  if (!made) return base::Error{subjects.rom->path() + ": " + made.error().message};
  subjects.tokenizer = *std::move(made);
  return {};
}

base::Result<Subjects> load(const EvaluateQuestion& question, Environment& environment) {
  auto subjects = open_parts(question, environment);
  if (!subjects) return subjects;
  if (const auto added = add_tokenizer(*subjects); !added) return added.error();
  if (subjects->checkpoint) {
    auto model = reference::Model::load(*subjects->checkpoint, environment.pool(), environment.progress);
    if (!model) return model.error();
    subjects->model = *std::move(model);
  }
  return subjects;
}

/// A short text is a single chunk when no --context was asked for.
std::uint64_t choose_context(const EvaluateQuestion& question, std::size_t tokens) {
  if (question.context) return *question.context;
  if (tokens >= kDefaultContext || tokens < kLeastContext) return kDefaultContext;
  return tokens / 2 * 2;
}

/// What can be said of the text before anything is computed.
base::Status check_length(const EvaluateQuestion& question, std::uint64_t tokens) {
  const std::string& file = question.text.empty() ? question.tokens : question.text;
  if (tokens == 0) return base::Error{fmt::format("{} is empty; at least {} tokens are expected", file, kLeastContext)};
  if (tokens < kLeastContext)
    return base::Error{fmt::format("{} has {} tokens; at least {} are expected", file, tokens, kLeastContext)};
  if (question.context && tokens < *question.context)
    return base::Error{
        fmt::format("{} has {} tokens; one chunk of --context {} needs as many (give a smaller --context)", file,
                    tokens, *question.context)};
  return {};
}

void warn_about_context(const EvaluateQuestion& question, std::uint64_t context, std::uint64_t tokens,
                        const config::ModelConfig& model, Warnings& warnings) {
  if (!question.context && context < kDefaultContext)
    warnings.add(fmt::format("the text has only {} tokens: one chunk of {} is evaluated instead of {}", tokens, context,
                             kDefaultContext));
  if (context > model.max_context)
    warnings.add(fmt::format("--context {} is above the {} that {} declares", context, model.max_context, model.name));
}

base::Result<evaluate::Evaluation> predict(const evaluate::EvaluateRequest& request, Subjects& subjects,
                                           Environment& environment) {
  const auto reference = subjects.model ? evaluate::reference_predictor(*subjects.model) : nullptr;
  const auto chip = subjects.rom ? evaluate::chip_predictor(
                                       *subjects.rom, std::min(request.context, request.ids.size()), environment.pool(),
                                       numerics::best_simd(), subjects.adapter ? &*subjects.adapter : nullptr)
                                 : nullptr;
  return evaluate::evaluate(request, reference.get(), chip.get(), environment.progress);
}

}  // namespace

base::Status check(const EvaluateQuestion& question) {
  if (question.rom.empty() && question.checkpoint.empty())
    return base::Error{"--rom X.rom, --checkpoint P or both are expected"};
  if (question.text.empty() == question.tokens.empty())
    return base::Error{"one of --text F and --tokens F is expected"};
  if (question.context && *question.context > kLargestContext)
    return base::Error{fmt::format("--context is {}; at most {} is expected", *question.context, kLargestContext)};
  if (question.context && *question.context < kLeastContext)
    return base::Error{
        fmt::format("--context is {}; at least {} tokens are needed to score one", *question.context, kLeastContext)};
  if (question.chunks && *question.chunks == 0) return base::Error{"--chunks is 0; at least 1 is expected"};
  return {};
}

base::Result<EvaluateAnswer> evaluate(const EvaluateQuestion& question, Environment& environment) {
  const auto started = HostClock::now();
  if (const auto valid = check(question); !valid) return valid.error();
  auto subjects = load(question, environment);
  if (!subjects) return subjects.error();
  auto ids = read_ids(question, subjects->tokenizer, subjects->shapes().vocab_size);
  if (!ids) return ids.error();
  if (const auto enough = check_length(question, ids->size()); !enough) return enough.error();

  evaluate::EvaluateRequest request;
  request.ids = *std::move(ids);
  request.context = choose_context(question, request.ids.size());
  request.chunks = question.chunks;
  request.pool = &environment.pool();
  request.on_logits = question.on_logits;
  if (subjects->tokenizer && subjects->tokenizer->spec().add_bos) request.bos = subjects->tokenizer->spec().bos;
  Warnings warnings(environment);
  warn_about_context(question, request.context, request.ids.size(), subjects->shapes(), warnings);
  auto evaluation = predict(request, *subjects, environment);
  if (!evaluation) return evaluation.error();

  EvaluateAnswer answer;
  answer.evaluation = *std::move(evaluation);
  answer.context = request.context;
  answer.text_tokens = request.ids.size();
  if (subjects->rom) answer.rom_hash = subjects->rom->content_hash();
  answer.checkpoint = question.checkpoint;
  answer.lora = question.lora;
  answer.host = host_figures(environment, started);
  answer.warnings = warnings.take();
  return answer;
}

base::Result<EvaluateScope> scope(const EvaluateQuestion& question, Environment& environment) {
  if (const auto valid = check(question); !valid) return valid.error();
  auto subjects = open_parts(question, environment);
  if (!subjects) return subjects.error();
  if (const auto added = add_tokenizer(*subjects); !added) return added.error();
  const auto ids = read_ids(question, subjects->tokenizer, subjects->shapes().vocab_size);
  if (!ids) return ids.error();
  if (const auto enough = check_length(question, ids->size()); !enough) return enough.error();
  const auto context = choose_context(question, ids->size());
  Warnings warnings(environment);
  warn_about_context(question, context, ids->size(), subjects->shapes(), warnings);
  return EvaluateScope{ids->size(), context, ids->size() / context};
}

}  // namespace kiln::study
