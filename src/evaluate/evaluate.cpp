#include "evaluate/evaluate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/exact_math.hpp"
#include "evaluate/interval.hpp"
#include "evaluate/scores.hpp"
#include "functional/functional_model.hpp"

namespace kiln::evaluate {
namespace {

class ReferencePredictor final : public Predictor {
 public:
  explicit ReferencePredictor(reference::Model& model) : model_(model) {}
  [[nodiscard]] std::uint32_t vocab_size() const override { return model_.config().vocab_size; }
  void predict(std::span<const base::TokenId> ids, const LogitSink& sink, const std::stop_token& stop) override {
    model_.reset();
    model_.forward(ids, sink, stop);
  }

 private:
  reference::Model& model_;
};

class ChipPredictor final : public Predictor {
 public:
  ChipPredictor(const rom::RomImage& rom, std::uint64_t context, base::ThreadPool& pool, numerics::Simd simd,
                const rom::Adapter* adapter)
      : vocab_size_(rom.model().vocab_size), values_(rom, context, pool, simd, nullptr, adapter) {}
  [[nodiscard]] std::uint32_t vocab_size() const override { return vocab_size_; }
  void predict(std::span<const base::TokenId> ids, const LogitSink& sink, const std::stop_token& stop) override {
    values_.reset();
    values_.forward(ids, sink, stop);
  }

 private:
  std::uint32_t vocab_size_;
  functional::FunctionalModel values_;
};

/// A sentence if a logit is no number or infinite: neither has a probability.
std::optional<base::Error> not_finite(const char* who, std::span<const float> logits, std::uint64_t position) {
  const auto bad = std::ranges::find_if(logits, [](float logit) { return !std::isfinite(logit); });
  if (bad == logits.end()) return std::nullopt;
  // Words, not the value: the sign of a NaN depends on who computed it.
  return base::Error{
      fmt::format("{} gives token {} a logit that is {} after token {} of the text; finite ones are expected", who,
                  bad - logits.begin(), std::isnan(*bad) ? "no number" : "infinite", position)};
}

base::Status validate(const EvaluateRequest& request, const Predictor* reference, const Predictor* chip) {
  base::check(reference != nullptr || chip != nullptr, "evaluate without a predictor");
  const std::uint32_t vocab = reference != nullptr ? reference->vocab_size() : chip->vocab_size();
  if (chip != nullptr && chip->vocab_size() != vocab) {
    return base::Error{fmt::format(
        "the checkpoint has a vocabulary of {} tokens, the ROM image one of {}; they must be the same model", vocab,
        chip->vocab_size())};
  }
  if (request.context < 4)
    return base::Error{fmt::format("--context is {}; at least 4 tokens are needed to score one", request.context)};
  if (request.ids.size() < request.context) {
    return base::Error{
        fmt::format("the text has {} tokens; one chunk of --context {} needs as many (give a smaller --context)",
                    request.ids.size(), request.context)};
  }
  if (request.chunks && *request.chunks == 0) return base::Error{"--chunks is 0; at least 1 is expected"};
  for (std::size_t i = 0; i < request.ids.size(); ++i) {
    if (request.ids[i] >= vocab)
      return base::Error{
          fmt::format("token {} of the text is {}; ids below {} are expected", i, request.ids[i], vocab)};
  }
  return {};
}

Perplexity perplexity_of(double nll, std::uint64_t scored, std::span<const double> of_chunks) {
  const double mean = nll / static_cast<double>(scored);
  return {mean, base::exact_exp(std::min(mean, 700.0)), interval_of(of_chunks)};
}

/// The smallest of the values that 99 % of them are not above.
double p99_of(std::vector<double> values) {
  const std::size_t rank = (values.size() * 99 + 99) / 100 - 1;
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(rank));
  return values[rank];
}

Evaluation evaluation_of(const Sums& sums, std::uint64_t chunks, bool reference, bool chip) {
  Evaluation result;
  result.chunks = chunks;
  result.scored_tokens = sums.scored;
  std::vector<double> of_reference, of_chip, differences;
  for (const ChunkMeans& chunk : sums.chunks) {
    of_reference.push_back(chunk.reference_nll);
    of_chip.push_back(chunk.chip_nll);
    differences.push_back(chunk.chip_nll - chunk.reference_nll);
  }
  if (reference) result.reference = perplexity_of(sums.reference_nll, sums.scored, of_reference);
  if (chip) result.chip = perplexity_of(sums.chip_nll, sums.scored, of_chip);
  if (reference && chip) {
    const auto count = static_cast<double>(sums.scored);
    result.agreement = Agreement{sums.kl / count,
                                 p99_of(sums.kls),
                                 sums.max_kl,
                                 static_cast<double>(sums.same_top1) / count,
                                 result.chip->perplexity / result.reference->perplexity,
                                 interval_of(differences)};
  }
  return result;
}

}  // namespace

std::unique_ptr<Predictor> reference_predictor(reference::Model& model) {
  return std::make_unique<ReferencePredictor>(model);
}

std::unique_ptr<Predictor> chip_predictor(const rom::RomImage& rom, std::uint64_t context, base::ThreadPool& pool,
                                          numerics::Simd simd, const rom::Adapter* adapter) {
  return std::make_unique<ChipPredictor>(rom, context, pool, simd, adapter);
}

base::Result<Evaluation> evaluate(const EvaluateRequest& request, Predictor* reference, Predictor* chip,
                                  const base::Progress& progress) {
  if (auto valid = validate(request, reference, chip); !valid) return valid.error();
  const std::uint64_t context = request.context;
  const std::uint64_t chunks = std::min(request.ids.size() / context, request.chunks.value_or(~0ULL));
  const std::size_t first_scored = context / 2;
  Scores scores(request.pool, reference != nullptr && chip != nullptr);
  std::vector<base::TokenId> ids(context);
  std::optional<base::Error> failure;
  for (std::uint64_t chunk = 0; chunk < chunks; ++chunk) {
    const auto* begin = request.ids.data() + chunk * context;
    ids.assign(begin, begin + context);
    if (request.bos) ids[0] = *request.bos;
    const auto scored = [&](std::size_t i) { return i >= first_scored && i + 1 < context; };
    if (progress.stopped()) return base::Error{"interrupted"};
    progress("evaluating", chunk, chunks);
    if (reference != nullptr) {
      reference->predict(
          ids,
          [&](std::size_t i, std::span<const float> logits) {
            if (chip == nullptr && request.on_logits) request.on_logits(chunk * context + i, logits);
            if (!failure) failure = not_finite("the fp32 reference", logits, chunk * context + i);
            if (!failure && scored(i)) scores.add_reference(logits, ids[i + 1]);
          },
          progress.stop);
    }
    if (failure) return *failure;
    if (progress.stopped()) return base::Error{"interrupted"};
    if (reference != nullptr) scores.end_reference();
    if (chip != nullptr) {
      chip->predict(
          ids,
          [&](std::size_t i, std::span<const float> logits) {
            if (request.on_logits) request.on_logits(chunk * context + i, logits);
            if (!failure) failure = not_finite("the chip", logits, chunk * context + i);
            if (!failure && scored(i)) scores.add_chip(logits, ids[i + 1]);
          },
          progress.stop);
    }
    if (failure) return *failure;
    if (progress.stopped()) return base::Error{"interrupted"};
    if (chip != nullptr) scores.end_chip();
    scores.end_chunk();
  }
  progress("evaluating", chunks, chunks);
  return evaluation_of(scores.sums(), chunks, reference != nullptr, chip != nullptr);
}

}  // namespace kiln::evaluate
