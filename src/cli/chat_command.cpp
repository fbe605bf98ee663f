#include <fmt/format.h>

#include <memory>

#include "base/mapped_file.hpp"
#include "cli/chat.hpp"
#include "cli/commands.hpp"
#include "cli/run_request.hpp"
#include "cli/sampling_options.hpp"
#include "functional/functional_model.hpp"

namespace kiln::cli {
namespace {

struct ChatOptions {
  std::string rom;
  std::string chip;
  Pace pace = Pace::Host;
  std::uint64_t new_tokens = 256;
  SamplingOptions sampling;
  std::optional<std::string> system;
  std::string chat_template;
  std::string gpu = "h100-sxm";
  std::string lora;
};

base::Status check_options(const ChatOptions& options) {
  if (options.new_tokens == 0) return base::Error{"-n is 0; at least 1 answer token is expected"};
  if (options.new_tokens > (1U << 24)) return base::Error{"-n is above 16777216"};
  return options.sampling.check();
}

/// What --template says, else the checkpoint's own; nothing where there is none.
base::Result<std::optional<tokenizer::ChatTemplate>> template_of(const ChatOptions& options, const Subject& subject) {
  std::string source = subject.tokenizer->spec().chat_template;
  std::string name = "the chat template of " + options.rom;
  std::optional<tokenizer::ChatTemplate> none;
  if (options.chat_template == "none") return none;
  if (!options.chat_template.empty()) {
    auto text = base::read_text_file(options.chat_template);
    if (!text) return text.error();
    source = *std::move(text);
    name = options.chat_template;
  } else if (source.empty()) {
    Session::warn(options.rom + " has no chat template: text is continued");
    return none;
  }
  auto parsed = tokenizer::ChatTemplate::parse(source);
  if (!parsed) {
    return base::Error{fmt::format("{}: {} (--template none continues text without it)", name, parsed.error().message)};
  }
  return std::optional(*std::move(parsed));
}

base::Result<int> run_chat(const ChatOptions& options, Session& session) {
  if (const auto set = session.allow_set({"chip", "gpu"}); !set) return set.error();
  if (const auto valid = check_options(options); !valid) return valid.error();
  const auto gpu = session.gpu(options.gpu);
  if (!gpu) return gpu.error();
  const auto chip = session.chip(options.chip);
  if (!chip) return chip.error();
  RunOptions image;
  image.rom = options.rom;
  image.lora = options.lora;
  const auto subject = load(image, session);
  if (!subject) return subject.error();
  if (!subject->tokenizer) return base::Error{options.rom + " holds no tokenizer: it has no text to chat in"};
  const auto placement = program::Placement::create(subject->model, subject->recipe, *chip, subject->adapter_shape);
  if (!placement) return placement.error();
  host::Conversation::Options rules;
  rules.most_answer_tokens = options.new_tokens;
  rules.sampling = options.sampling.on(*chip);
  chip::RunRequest probe;  // so that options which the chip refuses are refused at once
  probe.users.emplace_back();
  probe.users[0].prompt = {0};
  probe.users[0].sampling = rules.sampling;
  if (const auto can = chip::check(*placement, probe); !can) return can.error();
  auto chat_template = template_of(options, *subject);
  if (!chat_template) return chat_template.error();

  functional::FunctionalModel values(*subject->rom, placement->kv().capacity_tokens, session.pool(),
                                     numerics::best_simd(), nullptr, subject->adapter ? &*subject->adapter : nullptr);
  host::Conversation conversation(*placement, values, *subject->tokenizer, *std::move(chat_template), rules);
  if (options.system) {
    if (const auto set = conversation.set_system(*options.system); !set)
      return base::Error{"--system: " + set.error().message};
  }
  report::ChatReport report(*placement, subject->recipe);
  report.rom_hash = subject->rom->content_hash();
  report.lora = options.lora;
  report.chat_template = conversation.has_template();
  report.sampling = rules.sampling;
  const auto status = Chat(session, conversation, report, *gpu, options.pace, options.system).run();
  if (!status || *status != 0) return status;
  if (session.options().json.empty()) return 0;
  report.host = session.host_figures();
  if (const auto written = session.output(report::chat_json(report), ""); !written) return written.error();
  return 0;
}

}  // namespace

void add_chat(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<ChatOptions>();
  auto* command = app.add_subcommand("chat", "Talk to the simulated chip, turn by turn");
  command->add_option("--rom", options->rom, "ROM image to run")->type_name("X.rom")->required();
  command->add_option("--chip", options->chip, "A name under configs/chip or a file")->type_name("C")->required();
  const std::map<std::string, Pace> paces = {{"host", Pace::Host}, {"chip", Pace::Chip}};
  command
      ->add_option(
          "--pace", options->pace,
          "host: text appears as fast as this machine computes it; chip: an answer is computed first, then each "
          "token appears at the simulated time of its commit since the prompt's arrival at the chip [host]")
      ->transform(one_of(paces))
      ->type_name("chip|host");
  command->add_option("-n,--new-tokens", options->new_tokens, "Tokens of an answer at most")
      ->check(whole_number())
      ->type_name("N")
      ->capture_default_str();
  options->sampling.add_to(*command, "Seed of draws");
  command->add_option("--system", options->system, "A system message, with a chat template")->type_name("TEXT");
  command
      ->add_option("--template", options->chat_template,
                   "A chat template in a file, or none: text is continued; the checkpoint's own if not given")
      ->check(given())
      ->type_name("none|FILE");
  command->add_option("--gpu", options->gpu, "GPU of the baseline (BF16): a name under configs/gpu or a file")
      ->type_name("G")
      ->capture_default_str();
  command
      ->add_option("--lora", options->lora, "Directory of a LoRA adapter as PEFT saves it, resident in the chip's SRAM")
      ->check(given())
      ->type_name("DIR");
  command->footer(
      "Each line is a turn; the KV cache keeps the turns before. Ctrl-C ends an answer, Ctrl-D or /exit leaves, /help\n"
      "shows the commands. Without a terminal as input there are no prompts. --json has all turns at the end.\n"
      "Examples:\n"
      "  kiln chat --rom stories.rom --chip demo\n"
      "  kiln chat --rom smollm2.rom --chip demo --set kv.depth_words=65536 --system \"You are brief.\"\n"
      "  kiln chat --rom stories.rom --chip demo --pace chip --set clock_mhz=1\n"
      "  echo \"Once upon a time\" | kiln chat --rom stories.rom --chip demo -n 40 --json turns.json");
  command->callback(
      [options, &chosen] { chosen = [options](Session& session) { return run_chat(*options, session); }; });
}

}  // namespace kiln::cli
