// How well a chip's arithmetic, the fp32 reference or both predict a text: the question of `kiln eval`. Simulates
// nothing, and links no SystemC. Sentences of errors use the command's words for the parts of the question.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kiln/base/result.hpp"
#include "kiln/evaluate/evaluation.hpp"
#include "kiln/study/inputs/environment.hpp"
#include "kiln/study/inputs/host_figures.hpp"

namespace kiln::study {

inline constexpr std::uint64_t kLeastContext = 4;  ///< one prediction is scored
inline constexpr std::uint64_t kLargestContext = 1U << 20;

struct EvaluateQuestion {
  std::string rom;         ///< file of a ROM image: the chip's arithmetic; or empty
  std::string checkpoint;  ///< as `kiln bake` takes it: the fp32 reference; or empty. One of the two at least
  std::string text;        ///< file of UTF-8, or
  std::string tokens;      ///< file of ids separated by white space
  std::optional<std::uint64_t> context;  ///< tokens in a chunk; 512, or as many as a shorter text has
  std::optional<std::uint64_t> chunks;   ///< at most; all if not given
  std::string lora;                      ///< directory of an adapter, or empty
  evaluate::LogitSink on_logits;         ///< every position's, the chip's where there is one; may be empty
};

struct EvaluateAnswer {
  evaluate::Evaluation evaluation;
  std::uint64_t context = 0;  ///< tokens in a chunk
  std::uint64_t text_tokens = 0;
  std::optional<std::string> rom_hash;
  std::string checkpoint, lora;  ///< as asked
  HostFigures host;
  std::vector<std::string> warnings;
};

/// How much there is to evaluate.
struct EvaluateScope {
  std::uint64_t text_tokens = 0;
  std::uint64_t context = 0;  ///< tokens in a chunk
  std::uint64_t chunks = 0;   ///< that the text has, whatever is asked for
};

/// What of the question is wrong in itself, before a file is opened.
base::Status check(const EvaluateQuestion& question);
/// Fails as check() does, where a file is not what the question says, and when interrupted.
base::Result<EvaluateAnswer> evaluate(const EvaluateQuestion& question, Environment& environment);
/// Reads the text and computes nothing. Fails where evaluate() would before it computes.
base::Result<EvaluateScope> scope(const EvaluateQuestion& question, Environment& environment);

}  // namespace kiln::study
