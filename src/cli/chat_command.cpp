#include <memory>

#include "cli/chat.hpp"
#include "cli/commands.hpp"
#include "cli/sampling_options.hpp"
#include "report/chat_report.hpp"

namespace kiln::cli {
namespace {

struct ChatOptions {
  study::ChatQuestion question;
  Pace pace = Pace::Host;
};

base::Result<int> run_chat(const ChatOptions& options, Session& session) {
  if (const auto set = session.allow_set({"chip", "gpu"}); !set) return set.error();
  const auto chat = study::Chat::open(options.question, session.environment());
  if (!chat) return chat.error();
  auto status = Chat(session, **chat, options.pace, options.question.system).run();
  if (!status || (*status != 0 && *status != kBadInput)) return status;
  if (session.options().json.empty()) return status;
  study::ChatAnswer& answer = (*chat)->answer;
  answer.host = session.host_figures();
  if (const auto written = session.output(report::chat_json(answer), ""); !written) return written.error();
  return status;
}

}  // namespace

void add_chat(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<ChatOptions>();
  auto* command = app.add_subcommand("chat", "Talk to the simulated chip, turn by turn");
  command->add_option("--rom", options->question.rom, "ROM image to run")->type_name("X.rom")->required();
  command->add_option("--chip", options->question.chip, "A name under configs/chip or a file")
      ->type_name("C")
      ->required();
  const std::map<std::string, Pace> paces = {{"host", Pace::Host}, {"chip", Pace::Chip}};
  command
      ->add_option(
          "--pace", options->pace,
          "host: text appears as fast as this machine computes it; chip: an answer is computed first, then each "
          "token appears at the simulated time of its commit since the prompt's arrival at the chip [host]")
      ->transform(one_of(paces))
      ->type_name("chip|host");
  command->add_option("-n,--new-tokens", options->question.new_tokens, "Tokens of an answer at most")
      ->check(whole_number())
      ->type_name("N")
      ->capture_default_str();
  add_sampling(*command, options->question.sampling, "Seed of draws");
  command->add_option("--system", options->question.system, "A system message, with a chat template")
      ->type_name("TEXT");
  command
      ->add_option("--template", options->question.chat_template,
                   "A chat template in a file, or none: text is continued; the checkpoint's own if not given")
      ->type_name("none|FILE");
  command->add_option("--gpu", options->question.gpu, "GPU of the baseline (BF16): a name under configs/gpu or a file")
      ->type_name("G")
      ->capture_default_str();
  command
      ->add_option("--lora", options->question.lora,
                   "Directory of a LoRA adapter as PEFT saves it, resident in the chip's SRAM")
      ->type_name("DIR");
  command->footer(
      "Each line is a turn; the KV cache keeps the turns before. Ctrl-C ends an answer, Ctrl-D or /exit leaves, /help\n"
      "shows the commands. Without a terminal as input there are no prompts, and one refused line makes the status 2.\n"
      "--json has all turns at the end.\n"
      "Examples:\n"
      "  kiln chat --rom stories.rom --chip demo\n"
      "  kiln chat --rom smollm2.rom --chip demo --set kv.depth_words=65536 --system \"You are brief.\"\n"
      "  kiln chat --rom stories.rom --chip demo --pace chip --set clock_mhz=1\n"
      "  echo \"Once upon a time\" | kiln chat --rom stories.rom --chip demo -n 40 --json turns.json");
  command->callback(
      [options, &chosen] { chosen = [options](Session& session) { return run_chat(*options, session); }; });
}

}  // namespace kiln::cli
