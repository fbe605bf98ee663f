#include <memory>

#include "base/atomic_file.hpp"
#include "cli/commands.hpp"
#include "kiln/study/evaluate.hpp"
#include "report/eval_report.hpp"

namespace kiln::cli {
namespace {

struct EvalOptions {
  study::EvaluateQuestion question;
  std::string logits;
};

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

base::Result<int> eval(const EvalOptions& options, Session& session) {
  if (const auto set = session.allow_set({"model"}); !set) return set.error();
  if (const auto set = session.refuse_set_of_shapes(options.question.checkpoint); !set) return set.error();
  study::EvaluateQuestion question = options.question;
  if (const auto valid = study::check(question); !valid) return valid.error();
  auto logits = LogitFile::create(options.logits);
  if (!logits) return logits.error();
  question.on_logits = (*logits)->sink();
  const auto answer = study::evaluate(question, session.environment());
  if (!answer) return answer.error();
  if (const auto written = (*logits)->commit(); !written) return written.error();
  if (!options.logits.empty()) session.wrote(options.logits);
  if (const auto written = session.output(report::eval_json(*answer), report::eval_text(*answer)); !written)
    return written.error();
  return 0;
}

}  // namespace

void add_eval(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<EvalOptions>();
  auto* command =
      app.add_subcommand("eval", "Perplexity of the chip, of the fp32 reference, or both with KL divergence");
  command->add_option("--rom", options->question.rom, "Evaluate the chip's arithmetic over this ROM image")
      ->type_name("X.rom");
  command->add_option("--checkpoint", options->question.checkpoint, "Evaluate the fp32 reference on this checkpoint")
      ->type_name("P");
  command->add_option("--text", options->question.text, "Text to predict (UTF-8)")->type_name("F");
  command->add_option("--tokens", options->question.tokens, "Token ids separated by white space, instead of a text")
      ->type_name("F");
  command->add_option("--context", options->question.context, "Tokens in a chunk [512]")
      ->check(whole_number())
      ->type_name("N");
  command->add_option("--chunks", options->question.chunks, "Chunks at most; all if not given")
      ->check(whole_number())
      ->type_name("K");
  command
      ->add_option("--logits", options->logits,
                   "Write every position's logits as raw float32 (the chip's where there is one)")
      ->type_name("F");
  command
      ->add_option("--lora", options->question.lora,
                   "Directory of a LoRA adapter as PEFT saves it, for the chip and for the reference")
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
