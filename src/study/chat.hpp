// A conversation with a chip, opened: the image, the chip with its values, the template, and the GPU that is asked the
// same. What `kiln chat` needs besides a terminal.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/conversation.hpp"
#include "kiln/baseline/baseline.hpp"
#include "kiln/config/bake_recipe.hpp"
#include "kiln/config/gpu_spec.hpp"
#include "kiln/study/inputs/host_figures.hpp"
#include "kiln/study/sampling.hpp"
#include "kiln/study/verdict.hpp"
#include "study/inputs/subject.hpp"

namespace kiln::study {

struct ChatQuestion {
  std::string rom, chip;
  std::string gpu = "h100-sxm";
  std::uint64_t new_tokens = 256;  ///< of an answer, at most
  SamplingWish sampling;
  std::optional<std::string> system;
  std::string chat_template;  ///< a file, "none", or empty: the checkpoint's own
  std::string lora;           ///< directory of an adapter, or empty
};

struct ChatTurn {
  host::Turn turn;
  std::size_t conversation = 0;        ///< counts the resets before it
  baseline::BaselineFigure baseline;   ///< one user
  std::uint64_t baseline_context = 0;  ///< tokens in its KV cache
  std::optional<std::string> system;   ///< the system message of its conversation
};

struct ChatAnswer {
  ChatAnswer(program::Placement placed, config::BakeRecipe baked)
      : placement(std::move(placed)), recipe(std::move(baked)) {}

  program::Placement placement;
  config::BakeRecipe recipe;
  std::string rom_hash;
  bool chat_template = false;
  std::string lora;  ///< the adapter's directory, or empty
  numerics::Sampling sampling;
  Verdict verdict;  ///< without a run's power
  std::vector<std::string> warnings;
  std::vector<ChatTurn> turns;
  HostFigures host;
};

/// Everything that a conversation refers to, in one place that does not move.
class Chat {
 public:
  /// Options that the chip refuses are refused here and not in the first turn.
  static base::Result<std::unique_ptr<Chat>> open(const ChatQuestion& question, Environment& environment);

  [[nodiscard]] host::Conversation& conversation() { return conversation_; }
  /// `turn` with the GPU's figure at the same place of the same conversation.
  [[nodiscard]] base::Result<ChatTurn> beside_gpu(host::Turn turn) const;

  ChatAnswer answer;  ///< turns are added by who asks them

 private:
  using Template = std::optional<tokenizer::ChatTemplate>;
  Chat(Subject subject, const program::Placement& placement, config::GpuSpec gpu, Template chat_template,
       const host::Conversation::Options& rules, Environment& environment);

  Subject subject_;
  config::GpuSpec gpu_;
  functional::FunctionalModel values_;
  host::Conversation conversation_;
};

base::Status check(const ChatQuestion& question);

}  // namespace kiln::study
