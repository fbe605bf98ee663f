#include "bake/bake.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "bake/head.hpp"
#include "bake/journaled_image.hpp"
#include "bake/panels.hpp"
#include "bake/row_batches.hpp"
#include "bake/row_source.hpp"
#include "bake/tensor_fit.hpp"
#include "rom/rom_writer.hpp"

namespace kiln::bake {
namespace {

/// Sums in row order, whichever thread quantised the rows.
void add(std::span<const RowFit> fits, TensorRecord& record) {
  for (const auto& fit : fits) {
    record.energy += fit.energy;
    record.error += fit.error;
    record.max_error = std::max(record.max_error, fit.max_error);
  }
}

/// Of all that decides the image's bytes.
base::Digest key_of(const rom::ImagePlan& plan, const checkpoint::Checkpoint& checkpoint) {
  base::ContentHash hash;
  hash.update(fmt::format("image {} method {}\n{}\n", rom::kVersion, kMethod, checkpoint.identity()));
  hash.update(std::as_bytes(std::span(plan.sections)));  // with the checksums of all but the matrices
  const auto hex = hash.hex();
  return base::digest128(std::as_bytes(std::span(hex)));
}

class Baker {
 public:
  Baker(const checkpoint::Checkpoint& checkpoint, const config::BakeRecipe& recipe, base::ThreadPool& pool,
        const base::Progress& progress, const BakeOptions& options)
      : checkpoint_(checkpoint),
        recipe_(recipe),
        pool_(pool),
        progress_(progress),
        options_(options),
        work_("baking", progress, total_weights(checkpoint.config())) {}

  base::Result<BakeReport> run(const std::string& output) {
    if (auto begun = begin(output); !begun) return begun.error();
    auto done = bake_all();
    if (done || journal_ == nullptr) return done;
    if (progress_.stopped()) {
      journal_->tell_how_to_go_on(options_.tell);
    } else {
      journal_->drop();
    }
    return done;
  }

 private:
  base::Status begin(const std::string& output) {
    // Before the weights: what the image could not be used with is no image.
    if (const auto usable = checkpoint::make_tokenizer(checkpoint_); !usable) return usable.error();
    auto head = image_head(checkpoint_, recipe_);
    if (!head) return head.error();
    provenance_ = provenance_of(*head);
    head->added.push_back(provenance_section(provenance_));
    auto plan = rom::plan_image(output, *head);
    if (!plan) return plan.error();
    auto sink = open(output, *plan);
    if (!sink) return sink.error();
    auto writer = rom::RomWriter::create(*std::move(sink), *head, *std::move(plan));
    if (!writer) return writer.error();
    writer_ = *std::move(writer);
    return {};
  }

  base::Result<std::unique_ptr<rom::ImageSink>> open(const std::string& output, const rom::ImagePlan& plan) {
    if (!options_.resumable || checkpoint_.identity().empty()) return rom::file_sink(output);
    auto image = JournaledImage::open(output, plan, key_of(plan, checkpoint_), {pool_, progress_, options_.tell});
    if (!image) return image.error();
    journal_ = image->get();
    return std::unique_ptr<rom::ImageSink>(*std::move(image));
  }

  base::Result<BakeReport> bake_all() {
    BakeReport report;
    double bits = 0;
    for (const auto& place : rom::tensor_shapes(checkpoint_.config())) {
      const auto record = tensor(place, static_cast<std::uint32_t>(report.tensors.size()));
      if (!record) return record.error();
      if (record->hashed != 0)
        provenance_.set_hash(config::role_of(place.tensor_class), place.layer,
                             std::string(record->source.begin(), record->source.end()));
      report.tensors.push_back(distortion(place, *record));
      bits += report.tensors.back().bits_per_weight * static_cast<double>(place.weights());
      report.weights += place.weights();
    }
    writer_->replace_added(rom::kProvenance, provenance_section(provenance_).bytes);
    auto written = writer_->finish();
    if (!written) return written.error();
    report.content_hash = written->content_hash;
    report.file_bytes = written->file_bytes;
    report.bits_per_weight = bits / static_cast<double>(report.weights);
    return report;
  }

  /// The next matrix: baked before, or now.
  base::Result<TensorRecord> tensor(const rom::TensorShape& place, std::uint32_t index) {
    if (const auto* before = journal_ != nullptr ? journal_->find(index) : nullptr) {
      work_.skip(place.weights());
      if (auto kept = writer_->keep_tensor(before->checksums); !kept) return kept.error();
      return *before;
    }
    auto record = bake_tensor(place);
    if (!record) return record;
    record->place = index;
    record->checksums = writer_->checksums();
    if (journal_ == nullptr) return record;
    if (auto status = journal_->record(*record); !status) return status.error();
    return record;
  }

  base::Result<TensorRecord> bake_tensor(const rom::TensorShape& place) {
    const auto& format = recipe_.of(place.tensor_class);
    const RowSource source(checkpoint_, place.tensor_class, place.layer, simd_);
    const auto fit = fit_tensor(source, format, sample_seed(place.tensor_class, place.layer), pool_, simd_);
    if (!fit) return fit.error();
    if (auto status = writer_->begin_tensor(fit->book.stored()); !status) return status.error();
    TensorRecord record;
    const bool tied = source.tensor().role != config::role_of(place.tensor_class);  // read before, as the embedding
    SourceHash hash(tied ? 0 : source.rows());
    const auto status = work_.batches(source, [&](std::uint64_t first, std::uint64_t count) -> base::Status {
      batch_.resize(count, source.columns(), format.bits);
      const auto quantise = [&](std::span<const float> rows, std::size_t at, std::size_t n) {
        batch_.quantise(*fit, simd_, rows, at, n);
      };
      auto done = RowBatches::units(source, pool_, first, count, quantise, tied ? nullptr : &hash);
      if (!done) return done;
      add(batch_.fits, record);
      return writer_->append_panels(batch_.codes, batch_.scales, batch_.row_scales);
    });
    if (!status) return status.error();
    if (tied) return record;
    record.hashed = 1;
    const auto hex = hash.hex();
    std::ranges::copy(hex, record.source.begin());
    return record;
  }

  [[nodiscard]] TensorDistortion distortion(const rom::TensorShape& place, const TensorRecord& record) const {
    rom::RomTensor shape;
    shape.matrix.rows = place.rows;
    shape.matrix.columns = place.columns;
    shape.matrix.bits = recipe_.of(place.tensor_class).bits;
    TensorDistortion out{place.tensor_class, place.layer, shape.bits_per_weight(), 0, record.max_error};
    if (record.energy > 0) out.relative_rms = std::sqrt(record.error / record.energy);
    return out;
  }

  const checkpoint::Checkpoint& checkpoint_;
  const config::BakeRecipe& recipe_;
  base::ThreadPool& pool_;
  const base::Progress& progress_;
  const BakeOptions& options_;
  RowBatches work_;
  numerics::Simd simd_ = numerics::best_simd();
  Panels batch_;
  rom::Provenance provenance_;
  std::optional<rom::RomWriter> writer_;
  JournaledImage* journal_ = nullptr;  ///< the writer's sink, if the bake can be resumed
};

}  // namespace

base::Result<BakeReport> bake(const checkpoint::Checkpoint& checkpoint, const config::BakeRecipe& recipe,
                              const std::string& output, base::ThreadPool& pool, const base::Progress& progress,
                              const BakeOptions& options) {
  return Baker(checkpoint, recipe, pool, progress, options).run(output);
}

}  // namespace kiln::bake
