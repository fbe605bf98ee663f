#include <fmt/format.h>

#include <charconv>
#include <memory>

#include "bake/bake.hpp"
#include "base/atomic_file.hpp"
#include "base/mapped_file.hpp"
#include "checkpoint/lora.hpp"
#include "cli/commands.hpp"
#include "evaluate/evaluate.hpp"
#include "report/eval_report.hpp"
#include "rom/rom_image.hpp"

namespace kiln::cli {
namespace {

struct EvalOptions {
  std::string rom;
  std::string checkpoint;
  std::string text;
  std::string tokens;
  std::optional<std::uint64_t> context;
  std::optional<std::uint64_t> chunks;
  std::string logits;
  std::string lora;
};

constexpr std::uint64_t kLeastContext = 4;  // one prediction is scored
constexpr std::uint64_t kDefaultContext = 512;
constexpr std::uint64_t kLargestContext = 1U << 20;

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

base::Result<std::vector<base::TokenId>> read_ids(const EvalOptions& options,
                                                  const std::optional<tokenizer::Tokenizer>& tokenizer,
                                                  std::uint32_t vocabulary) {
  if (!options.tokens.empty()) return parse_ids(options.tokens, vocabulary);
  if (!tokenizer)
    return base::Error{"--text needs a tokenizer, and there is none in what is evaluated: give --tokens F instead"};
  const auto text = base::read_text_file(options.text);
  if (!text) return text.error();
  if (text->empty()) return std::vector<base::TokenId>();  // not even a BOS
  auto ids = tokenizer->encode(*text);
  if (!ids) return base::Error{options.text + ": " + ids.error().message};
  return ids;
}

/// What predicts, and what it is made of; each part lives as long as the evaluation.
struct Subjects {
  std::optional<rom::RomImage> rom;
  std::unique_ptr<checkpoint::Checkpoint> checkpoint;
  std::optional<reference::Model> model;
  std::optional<tokenizer::Tokenizer> tokenizer;
  std::optional<rom::Adapter> adapter;  ///< for the image
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
base::Status load_adapter(const std::string& directory, Subjects& subjects) {
  if (directory.empty()) return {};
  if (subjects.rom) {
    const auto adapter = checkpoint::open_lora(directory, subjects.rom->model());
    if (!adapter) return adapter.error();
    auto baked = bake::bake_adapter(*adapter, subjects.rom->model());
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

base::Result<Subjects> load(const EvalOptions& options, Session& session) {
  Subjects subjects;
  std::optional<tokenizer::TokenizerSpec> spec;
  if (!options.rom.empty()) {
    auto image = rom::RomImage::open(options.rom, session.pool(), session.progress());
    if (!image) return image.error();
    subjects.rom = *std::move(image);
    spec = subjects.rom->tokenizer();
  }
  if (!options.checkpoint.empty()) {
    auto opened = session.checkpoint(options.checkpoint);
    if (!opened) return opened.error();
    subjects.checkpoint = *std::move(opened);
  }
  if (const auto same = check_vocabularies(subjects); !same) return same.error();
  if (const auto loaded = load_adapter(options.lora, subjects); !loaded) return loaded.error();
  if (subjects.checkpoint) {
    auto model = reference::Model::load(*subjects.checkpoint, session.pool(), session.progress());
    if (!model) return model.error();
    subjects.model = *std::move(model);
    if (subjects.checkpoint->tokenizer()) spec = subjects.checkpoint->tokenizer();
  }
  if (spec) {
    auto made = tokenizer::Tokenizer::create(*spec);
    if (!made) return made.error();
    subjects.tokenizer = *std::move(made);
  }
  return subjects;
}

/// A short text is one chunk of its own when no --context was asked for.
std::uint64_t choose_context(const EvalOptions& options, std::size_t tokens) {
  if (options.context) return *options.context;
  if (tokens >= kDefaultContext || tokens < kLeastContext) return kDefaultContext;
  return tokens / 2 * 2;
}

class LogitFile {
 public:
  static base::Result<std::unique_ptr<LogitFile>> create(const std::string& path) {
    auto made = std::make_unique<LogitFile>();
    if (path.empty()) return made;
    auto file = base::AtomicFile::create(path);
    if (!file) return file.error();
    made->file_ = *std::move(file);
    return made;
  }
  [[nodiscard]] evaluate::LogitSink sink() {
    if (!file_) return {};
    return [this](std::size_t, std::span<const float> logits) {
      if (status_) status_ = file_->append(std::as_bytes(logits));
    };
  }
  base::Status commit() {
    if (!file_ || !status_) return status_;
    return file_->commit();
  }

 private:
  std::optional<base::AtomicFile> file_;
  base::Status status_;
};

base::Status check_options(const EvalOptions& options) {
  if (options.rom.empty() && options.checkpoint.empty())
    return base::Error{"--rom X.rom, --checkpoint P or both are expected"};
  if (options.text.empty() == options.tokens.empty()) return base::Error{"one of --text F and --tokens F is expected"};
  if (options.context && *options.context > kLargestContext)
    return base::Error{fmt::format("--context is {}; at most {} is expected", *options.context, kLargestContext)};
  if (options.context && *options.context < kLeastContext)
    return base::Error{
        fmt::format("--context is {}; at least {} tokens are needed to score one", *options.context, kLeastContext)};
  if (options.chunks && *options.chunks == 0) return base::Error{"--chunks is 0; at least 1 is expected"};
  return {};
}

/// What can be said of the text before anything is computed.
base::Status check_length(const EvalOptions& options, std::uint64_t tokens) {
  const std::string& file = options.text.empty() ? options.tokens : options.text;
  if (tokens == 0) return base::Error{fmt::format("{} is empty; at least {} tokens are expected", file, kLeastContext)};
  if (tokens < kLeastContext)
    return base::Error{fmt::format("{} has {} tokens; at least {} are expected", file, tokens, kLeastContext)};
  if (options.context && tokens < *options.context)
    return base::Error{
        fmt::format("{} has {} tokens; one chunk of --context {} needs as many (give a smaller --context)", file,
                    tokens, *options.context)};
  return {};
}

void warn_about_context(const EvalOptions& options, std::uint64_t context, std::uint64_t tokens,
                        const config::ModelConfig& model) {
  if (!options.context && context < kDefaultContext)
    Session::warn(fmt::format("the text has only {} tokens: one chunk of {} is evaluated instead of {}", tokens,
                              context, kDefaultContext));
  if (context > model.max_context)
    Session::warn(fmt::format("--context {} is above the {} that {} declares", context, model.max_context, model.name));
}

base::Result<int> eval(const EvalOptions& options, Session& session) {
  if (const auto set = session.allow_set({"model"}); !set) return set.error();
  if (const auto set = session.refuse_set_of_shapes(options.checkpoint); !set) return set.error();
  if (const auto valid = check_options(options); !valid) return valid.error();
  auto subjects = load(options, session);
  if (!subjects) return subjects.error();
  const auto& shapes = subjects->rom ? subjects->rom->model() : subjects->model->config();
  auto ids = read_ids(options, subjects->tokenizer, shapes.vocab_size);
  if (!ids) return ids.error();
  if (const auto enough = check_length(options, ids->size()); !enough) return enough.error();

  evaluate::EvaluateRequest request;
  request.ids = *std::move(ids);
  request.context = choose_context(options, request.ids.size());
  request.chunks = options.chunks;
  if (subjects->tokenizer && subjects->tokenizer->spec().add_bos) request.bos = subjects->tokenizer->spec().bos;
  auto logits = LogitFile::create(options.logits);
  if (!logits) return logits.error();
  warn_about_context(options, request.context, request.ids.size(), shapes);
  request.on_logits = (*logits)->sink();

  const auto reference = subjects->model ? evaluate::reference_predictor(*subjects->model) : nullptr;
  const auto chip = subjects->rom ? evaluate::chip_predictor(
                                        *subjects->rom, std::min(request.context, request.ids.size()), session.pool(),
                                        numerics::best_simd(), subjects->adapter ? &*subjects->adapter : nullptr)
                                  : nullptr;
  const auto evaluation = evaluate::evaluate(request, reference.get(), chip.get(), session.progress());
  if (!evaluation) return evaluation.error();
  if (const auto written = (*logits)->commit(); !written) return written.error();
  if (!options.logits.empty()) session.wrote(options.logits);
  report::EvalReport report{*evaluation, request.context,    request.ids.size(),
                            {},          options.checkpoint, session.host_figures()};
  report.lora = options.lora;
  if (subjects->rom) report.rom_hash = subjects->rom->content_hash();
  if (const auto written = session.output(report::eval_json(report), report::eval_text(report)); !written)
    return written.error();
  return 0;
}

}  // namespace

void add_eval(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<EvalOptions>();
  auto* command =
      app.add_subcommand("eval", "Perplexity of the chip, of the fp32 reference, or both with KL divergence");
  command->add_option("--rom", options->rom, "Evaluate the chip's arithmetic over this ROM image")->type_name("X.rom");
  command->add_option("--checkpoint", options->checkpoint, "Evaluate the fp32 reference on this checkpoint")
      ->type_name("P");
  command->add_option("--text", options->text, "Text to predict (UTF-8)")->type_name("F");
  command->add_option("--tokens", options->tokens, "Token ids separated by white space, instead of a text")
      ->type_name("F");
  command->add_option("--context", options->context, "Tokens in a chunk [512]")->check(whole_number())->type_name("N");
  command->add_option("--chunks", options->chunks, "Chunks at most; all if not given")
      ->check(whole_number())
      ->type_name("K");
  command
      ->add_option("--logits", options->logits,
                   "Write every position's logits as raw float32 (the chip's where there is one)")
      ->type_name("F");
  command
      ->add_option("--lora", options->lora,
                   "Directory of a LoRA adapter as PEFT saves it, for the chip and for the reference")
      ->check(given())
      ->type_name("DIR");
  command->footer(
      "Perplexity is llama.cpp's: only the second half of each chunk is scored.\nExamples:\n"
      "  kiln eval --checkpoint models/kiln-stories-1m --text models/kiln-stories-1m/heldout.txt\n"
      "  kiln eval --rom stories.rom --text models/kiln-stories-1m/heldout.txt --context 128 --chunks 8\n"
      "  kiln eval --rom stories.rom --checkpoint models/kiln-stories-1m \\\n"
      "      --text models/kiln-stories-1m/heldout.txt --context 256\n"
      "  kiln eval --rom stories.rom --text models/kiln-stories-1m/heldout.txt --lora my-adapter");
  command->callback([options, &chosen] { chosen = [options](Session& session) { return eval(*options, session); }; });
}

}  // namespace kiln::cli
