// What `kiln run` is asked to run: the options, the model behind them, the users and their prompts. Private to the cli
// module.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "chip/systemc/chip.hpp"
#include "cli/sampling_options.hpp"
#include "cli/session.hpp"
#include "kiln/config/adapter_shape.hpp"
#include "rom/adapter.hpp"
#include "rom/rom_image.hpp"
#include "tokenizer/tokenizer.hpp"

namespace kiln::cli {

struct RunOptions {
  std::string rom;
  std::string model;
  std::string recipe = "w3w6";
  std::string chip;
  bool timing_only = false;
  std::optional<std::string> prompt;
  std::optional<std::uint64_t> prompt_tokens;
  std::uint64_t new_tokens = 128;
  std::uint64_t users = 1;
  std::optional<std::string> workload;
  SamplingOptions sampling;  ///< its seed makes prompts of --prompt-tokens, too
  chip::TransferMode transfer_mode = chip::TransferMode::Bursts;
  bool by_tile = false;
  std::optional<std::string> trace;
  std::string lora;
  bool rtl = false;
  std::vector<std::string> gpus;  ///< that the screen shows
  bool all_units = false;         ///< likewise
};

/// What is to be run: an image with its values, or shapes alone.
struct Subject {
  std::optional<rom::RomImage> rom;
  config::ModelConfig model;
  config::BakeRecipe recipe;
  std::optional<tokenizer::Tokenizer> tokenizer;
  config::AdapterShape adapter_shape;
  std::optional<rom::Adapter> adapter;  ///< with an image
};

base::Result<Subject> load(const RunOptions& options, Session& session);

/// Who asks what, and when: arrivals in cycles of `clock_mhz`.
base::Result<std::vector<chip::UserRequest>> users_of(const RunOptions& options, const Subject& subject,
                                                      std::uint32_t clock_mhz);

/// The answer's text as it continues the prompt's (a SentencePiece answer keeps its leading space).
base::Result<std::string> answer_text(const Subject& subject, const std::vector<base::TokenId>& prompt,
                                      const std::vector<base::TokenId>& answer);

}  // namespace kiln::cli
