#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bake/bake.hpp"
#include "bake/head.hpp"
#include "bake/rebake.hpp"
#include "bake/row_batches.hpp"
#include "bake/row_findings.hpp"
#include "bake/row_source.hpp"
#include "kiln/config/load.hpp"

namespace kiln::bake {
namespace {

std::string name_of(const rom::TensorShape& place) {
  return rom::name_of(config::role_of(place.tensor_class), place.layer);
}

/// The model without what a checkpoint's file may call it.
std::string shapes_of(config::ModelConfig model) {
  model.name = "model";
  return config::to_json(model);
}

/// Why the image cannot be baked again, or empty. One without a record is of an older Kiln, which had method 1.
std::string obstacle(const rom::RomImage& image) {
  const auto& record = image.provenance();
  if (record && record->version > rom::kProvenanceVersion)
    return fmt::format("says in version {} what it was baked from, expected version {}: a later Kiln baked it",
                       record->version, rom::kProvenanceVersion);
  const std::uint32_t method = record ? record->method : 1;
  if (method == kMethod) return "";
  return fmt::format("was baked by method {}, and this Kiln bakes by method {}; bake it again to compare it", method,
                     kMethod);
}

/// "down has 4 bits (kmeans), asked for are 6 (kmeans)" for each class that differs.
std::string difference_of(const config::BakeRecipe& image, const config::BakeRecipe& asked) {
  const auto words = [](const config::TensorFormat& format) {
    return std::pair(format.bits, std::string(format.codebook == config::CodebookKind::KMeans ? "kmeans" : "uniform"));
  };
  std::string text;
  for (std::size_t i = 0; i < config::kTensorClasses; ++i) {
    const auto ours = words(image.formats[i]), theirs = words(asked.formats[i]);
    if (ours == theirs) continue;
    text += fmt::format("{}{} has {} bits ({}), asked for are {} ({})", text.empty() ? "" : "; ",
                        config::kTensorClassNames[i], ours.first, ours.second, theirs.first, theirs.second);
  }
  return text;
}

class Comparer {
 public:
  Comparer(const rom::RomImage& image, const checkpoint::Checkpoint& checkpoint, base::ThreadPool& pool,
           const base::Progress& progress, const CompareOptions& options)
      : image_(image),
        checkpoint_(checkpoint),
        pool_(pool),
        options_(options),
        work_("comparing", progress, total_weights(image.model())),
        rebake_(std::in_place, image, pool) {
    if (options.proof == Proof::Bytes) out_.bytes = Comparison::Bytes();
  }

  base::Result<Comparison> run() {
    if (const auto why = obstacle(image_); !why.empty()) return base::Error{image_.path() + " " + why};
    out_.hashes_recorded = image_.provenance().has_value();
    compare_recipe();
    if (shapes_of(image_.model()) != shapes_of(checkpoint_.config())) {
      out_.differences.push_back(fmt::format("the model differs: the image has {}, the checkpoint {}",
                                             shapes_of(image_.model()), shapes_of(checkpoint_.config())));
      if (places_differ()) return std::move(out_);
    }
    if (auto status = compare_head(); !status) return status.error();
    out_.same_model = out_.differences.empty();
    for (const auto& place : rom::tensor_shapes(checkpoint_.config()))
      if (auto status = compare_tensor(place); !status) return status.error();
    judge_hashes();
    if (auto status = compare_bytes(); !status) return status.error();
    return std::move(out_);
  }

 private:
  void compare_recipe() {
    const auto& recipe = image_.recipe();
    if (const auto hash = rom::recipe_hash(recipe); image_.provenance() && hash != image_.provenance()->recipe)
      out_.differences.push_back(
          fmt::format("the recipe is not the one by which the image was baked: its hash is {}, the image records {}",
                      hash, image_.provenance()->recipe));
    if (options_.recipe == nullptr) return;
    if (const auto difference = difference_of(recipe, *options_.recipe); !difference.empty())
      out_.differences.push_back("the recipe is another: " + difference);
  }

  [[nodiscard]] bool places_differ() const {
    const auto ours = rom::tensor_shapes(image_.model());
    const auto theirs = rom::tensor_shapes(checkpoint_.config());
    return image_.model().head_dim != checkpoint_.config().head_dim ||
           !std::ranges::equal(ours, theirs, [](const rom::TensorShape& a, const rom::TensorShape& b) {
             return a.tensor_class == b.tensor_class && a.rows == b.rows && a.columns == b.columns;
           });
  }

  base::Status compare_head() {
    const auto head = image_head(checkpoint_, image_.recipe());
    if (!head) return head.error();
    const std::span<const float> norms = head->norms;
    const std::size_t width = head->model.hidden_size;
    const auto differs = [&](std::span<const float> found, std::size_t place) {
      return !std::ranges::equal(std::as_bytes(found), std::as_bytes(norms.subspan(place * width, width)));
    };
    for (std::uint32_t layer = 0; layer < head->model.layers; ++layer) {
      if (differs(image_.attention_norm({layer}), 2 * std::size_t{layer}))
        out_.differences.push_back(fmt::format("the attention norm of layer {} differs", layer));
      if (differs(image_.ffn_norm({layer}), 2 * std::size_t{layer} + 1))
        out_.differences.push_back(fmt::format("the FFN norm of layer {} differs", layer));
    }
    if (differs(image_.final_norm(), 2 * std::size_t{head->model.layers}))
      out_.differences.push_back("the final norm differs");
    if (!std::ranges::equal(image_.rope_increments(), head->rope_increments))
      out_.differences.push_back("the RoPE frequencies differ");
    if (image_.tokenizer() != head->tokenizer) out_.differences.push_back("the tokenizer differs");
    found_ = provenance_of(*head);
    for (const auto& tensor : found_.tensors)
      if (config::is_norm(tensor.role) && is_another(tensor)) rebake_.reset();
    return rebake_ && out_.bytes ? rebake_->compare_bytes(*head) : base::Status();
  }

  /// Where the image records hashes, and not this one.
  [[nodiscard]] bool is_another(const rom::SourceTensor& tensor) const {
    if (!image_.provenance()) return false;
    const auto* record = image_.provenance()->find(tensor.role, tensor.layer);
    return record == nullptr || record->hash != tensor.hash;
  }

  void judge_hashes() {
    if (!image_.provenance()) return;
    for (const auto& tensor : found_.tensors) {
      ++out_.hashes_checked;
      if (!is_another(tensor)) continue;
      const auto* record = image_.provenance()->find(tensor.role, tensor.layer);
      out_.other_hashes.push_back(fmt::format("{}: its hash is {}, the image was baked from {}",
                                              rom::name_of(tensor.role, tensor.layer), tensor.hash,
                                              record != nullptr ? record->hash : "no such tensor"));
    }
  }

  base::Status compare_bytes() {
    if (!rebake_ || !out_.bytes) return {};
    const auto difference = rebake_->finish(found_);
    if (!difference) return difference.error();
    out_.bytes->equal = !*difference;
    out_.bytes->difference = *difference ? fmt::format("byte {} of {} ({}) is another when the image is baked again",
                                                       **difference, image_.file_bytes(), image_.part_at(**difference))
                                         : "";
    return {};
  }

  base::Status compare_tensor(const rom::TensorShape& place) {
    const auto& tensor = image_.tensor(place.tensor_class, place.layer);
    const RowSource source(checkpoint_, place.tensor_class, place.layer, numerics::best_simd());
    const auto role = source.tensor().role;
    const bool tied = role != config::role_of(place.tensor_class);  // read before, as the embedding
    SourceHash hash(tied ? 0 : source.rows());
    if (rebake_)
      if (auto status = rebake_->begin(source, place); !status) return status;
    std::vector<RowFindings> rows;
    RowFindings sum;
    const auto status = work_.batches(source, [&](std::uint64_t first, std::uint64_t count) {
      rows.assign(count, {});
      if (rebake_) rebake_->begin_batch(first, count);
      const auto body = [&](std::span<const float> values, std::size_t at, std::size_t n) {
        examine_rows(tensor.matrix, values, first + at, std::span(rows).subspan(at, n));
        if (rebake_) rebake_->quantise(values, at, n);
      };
      auto done = RowBatches::units(source, pool_, first, count, body, tied ? nullptr : &hash);
      for (const auto& row : rows) {
        sum.energy += row.energy;
        sum.error += row.error;
        sum.reach += row.reach;
        sum.max_error = std::max(sum.max_error, row.max_error);
      }
      return done && rebake_ ? rebake_->end_batch() : done;
    });
    if (!status) return status.error();
    judge(place, tensor, sum);
    if (!tied) {
      found_.set_hash(role, place.layer, hash.hex());
      if (is_another(*found_.find(role, place.layer))) rebake_.reset();
    }
    if (!rebake_) return {};
    ++out_.codes_checked;
    if (!rebake_->difference().empty()) out_.other_codes.push_back(rebake_->difference());
    return {};
  }

  void judge(const rom::TensorShape& place, const rom::RomTensor& tensor, const RowFindings& sum) {
    TensorDistortion found{place.tensor_class, place.layer, tensor.bits_per_weight(), 0, sum.max_error};
    if (sum.energy > 0) found.relative_rms = std::sqrt(sum.error / sum.energy);
    out_.tensors.push_back(found);
    if (sum.energy <= 0) {
      if (sum.error > 0)
        out_.beyond_bound.push_back(fmt::format("{} is zero in the checkpoint, but not in the image", name_of(place)));
      return;
    }
    const double bound = bound_of(tensor.matrix.bits, sum.reach, sum.energy);
    if (found.relative_rms <= bound) return;
    out_.beyond_bound.push_back(fmt::format("{} differs by {:.4g} of its root mean square, but {} bits allow {:.4g}",
                                            name_of(place), found.relative_rms, tensor.matrix.bits, bound));
  }

  const rom::RomImage& image_;
  const checkpoint::Checkpoint& checkpoint_;
  base::ThreadPool& pool_;
  const CompareOptions& options_;
  RowBatches work_;
  rom::Provenance found_;         // hashes of the checkpoint
  std::optional<Rebake> rebake_;  // until a tensor is another: then codes say nothing more
  Comparison out_;
};

}  // namespace

base::Result<Comparison> compare(const rom::RomImage& image, const checkpoint::Checkpoint& checkpoint,
                                 base::ThreadPool& pool, const base::Progress& progress,
                                 const CompareOptions& options) {
  return Comparer(image, checkpoint, pool, progress, options).run();
}

}  // namespace kiln::bake
