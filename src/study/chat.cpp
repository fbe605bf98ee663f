#include "study/chat.hpp"

#include <fmt/format.h>

#include "base/mapped_file.hpp"
#include "kiln/study/gpus.hpp"
#include "study/chip_cost.hpp"

namespace kiln::study {
namespace {

/// What --template says, else the checkpoint's own; nothing where there is none.
base::Result<std::optional<tokenizer::ChatTemplate>> template_of(const ChatQuestion& question, const Subject& subject,
                                                                 Warnings& warnings) {
  std::string source = subject.tokenizer->spec().chat_template;
  std::string name = "the chat template of " + question.rom;
  std::optional<tokenizer::ChatTemplate> none;
  if (question.chat_template == "none") return none;
  if (!question.chat_template.empty()) {
    auto text = base::read_text_file(question.chat_template);
    if (!text) return text.error();
    source = *std::move(text);
    name = question.chat_template;
  } else if (source.empty()) {
    // A system message is refused then.
    if (!question.system) warnings.add(question.rom + " has no chat template: text is continued");
    return none;
  }
  auto parsed = tokenizer::ChatTemplate::parse(source);
  if (!parsed) {
    return base::Error{fmt::format("{}: {} (--template none continues text without it)", name, parsed.error().message)};
  }
  return std::optional(*std::move(parsed));
}

/// Whether the chip can do what every turn will ask of it.
base::Status check_rules(const program::Placement& placement, const numerics::Sampling& sampling) {
  chip::RunRequest probe;
  probe.users.emplace_back();
  probe.users[0].prompt = {0};
  probe.users[0].sampling = sampling;
  return chip::check(placement, probe);
}

}  // namespace

base::Status check(const ChatQuestion& question) {
  if (question.new_tokens == 0) return base::Error{"-n is 0; at least 1 answer token is expected"};
  if (question.new_tokens > (1U << 24)) return base::Error{"-n is above 16777216"};
  return question.sampling.check();
}

Chat::Chat(Subject subject, const program::Placement& placement, config::GpuSpec gpu, Template chat_template,
           const host::Conversation::Options& rules, Environment& environment)
    : answer(placement, subject.recipe),
      subject_(std::move(subject)),
      gpu_(std::move(gpu)),
      values_(*subject_.rom, placement.kv().capacity_tokens, environment.pool(), numerics::best_simd(), nullptr,
              subject_.adapter ? &*subject_.adapter : nullptr),
      conversation_(answer.placement, values_, *subject_.tokenizer, std::move(chat_template), rules) {
  answer.rom_hash = subject_.rom->content_hash();
  answer.chat_template = conversation_.has_template();
  answer.sampling = rules.sampling;
}

base::Result<std::unique_ptr<Chat>> Chat::open(const ChatQuestion& question, Environment& environment) {
  if (const auto valid = check(question); !valid) return valid.error();
  auto gpu = environment.configs().gpu(question.gpu);
  if (!gpu) return gpu.error();
  const auto given = environment.configs().chip(question.chip);
  if (!given) return given.error();
  auto subject = load_subject({question.rom, "", "", question.lora}, environment);
  if (!subject) return subject.error();
  if (!subject->tokenizer) return base::Error{question.rom + " holds no tokenizer: it has no text to chat in"};
  const auto placed = place(subject->model, subject->recipe, *given, subject->adapter_shape, environment.configs());
  if (!placed) return placed.error();
  const program::Placement& placement = placed->placement;
  host::Conversation::Options rules;
  rules.most_answer_tokens = question.new_tokens;
  rules.sampling = question.sampling.on(*given);
  if (const auto can = check_rules(placement, rules.sampling); !can) return can.error();
  Warnings warnings(environment);
  auto chat_template = template_of(question, *subject, warnings);
  if (!chat_template) return chat_template.error();
  const auto made = silicon(environment.configs(), *placed, subject->recipe);
  if (!made) return made.error();
  std::unique_ptr<Chat> chat(
      new Chat(*std::move(subject), placement, *std::move(gpu), *std::move(chat_template), rules, environment));
  chat->answer.lora = question.lora;
  chat->answer.warnings = warnings.take();
  chat->answer.verdict = judge(placement, *made, std::nullopt, 0);  // before any run, and of any length
  if (auto warning = chat->answer.verdict.warning(given->name)) chat->answer.warnings.push_back(*std::move(warning));
  if (question.system) {
    if (const auto set = chat->conversation_.set_system(*question.system); !set)
      return base::Error{"--system: " + set.error().message};
  }
  return chat;
}

base::Result<ChatTurn> Chat::beside_gpu(host::Turn turn) const {
  ChatTurn entry;
  entry.baseline_context = mean_context(turn.cached_prefix + turn.prompt.size(), turn.answer.size());
  auto figure =
      baseline::estimate(gpu_, answer.placement.model(), {baseline::Precision::Bf16, 1, entry.baseline_context});
  if (!figure) return figure.error();
  entry.baseline = *std::move(figure);
  entry.turn = std::move(turn);
  return entry;
}

}  // namespace kiln::study
