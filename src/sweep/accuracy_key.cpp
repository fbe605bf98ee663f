#include "sweep/accuracy_key.hpp"

#include <fmt/format.h>

#include "base/hash.hpp"
#include "base/mapped_file.hpp"
#include "checkpoint/identity.hpp"
#include "kiln/config/load.hpp"
#include "study/inputs/subject.hpp"

namespace kiln::sweep {

study::EvaluateQuestion question_of(const AccuracySpec& spec) {
  study::EvaluateQuestion question;
  question.checkpoint = spec.checkpoint;
  question.text = spec.text;
  question.tokens = spec.tokens;
  question.context = spec.context;
  question.chunks = spec.chunks;
  return question;
}

base::Result<AccuracyKeys> AccuracyKeys::create(const AccuracySpec& spec, const std::string& revision,
                                                const study::Environment& environment) {
  const auto checkpoint = study::open_checkpoint(spec.checkpoint, environment.configs());
  if (!checkpoint) return base::Error{"/base/accuracy/checkpoint: " + checkpoint.error().message};
  const auto identity = checkpoint::identity(**checkpoint);
  if (!identity) return base::Error{"/base/accuracy/checkpoint: " + identity.error().message};
  const bool ids = spec.text.empty();
  const auto text = base::MappedFile::open(ids ? spec.tokens : spec.text);
  if (!text) return base::Error{fmt::format("/base/accuracy/{}: {}", ids ? "tokens" : "text", text.error().message)};
  AccuracyKeys keys;
  keys.stem_ = fmt::format("{}\n{} {}\n{} {}\n{}\n", *identity, ids ? "tokens" : "text",
                           base::hex_of(base::digest128(text->bytes())), spec.context.value_or(0),
                           spec.chunks.value_or(0), revision);
  return keys;
}

std::string AccuracyKeys::of(config::BakeRecipe recipe) const {
  recipe.name.clear();
  base::ContentHash hash;
  hash.update(stem_);
  hash.update(config::to_json(recipe));
  return hash.hex();
}

}  // namespace kiln::sweep
