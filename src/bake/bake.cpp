#include "bake/bake.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <optional>

#include "bake/head.hpp"
#include "bake/panels.hpp"
#include "bake/row_batches.hpp"
#include "bake/row_source.hpp"
#include "bake/tensor_fit.hpp"
#include "rom/rom_writer.hpp"

namespace kiln::bake {
namespace {

/// Sums in row order, whichever thread quantised the rows.
struct Totals {
  double energy = 0;
  double error = 0;
  double max_error = 0;
  void add(std::span<const RowFit> fits) {
    for (const auto& fit : fits) {
      energy += fit.energy;
      error += fit.error;
      max_error = std::max(max_error, fit.max_error);
    }
  }
};

class Baker {
 public:
  Baker(const checkpoint::Checkpoint& checkpoint, const config::BakeRecipe& recipe, base::ThreadPool& pool,
        const base::Progress& progress)
      : checkpoint_(checkpoint),
        recipe_(recipe),
        pool_(pool),
        work_("baking", progress, total_weights(checkpoint.config())) {}

  base::Result<BakeReport> run(const std::string& output) {
    // Before the weights: what the image could not be used with is no image.
    if (const auto usable = checkpoint::make_tokenizer(checkpoint_); !usable) return usable.error();
    auto head = image_head(checkpoint_, recipe_);
    if (!head) return head.error();
    provenance_ = provenance_of(*head);
    head->added.push_back(provenance_section(provenance_));
    auto writer = rom::RomWriter::create(output, *head);
    if (!writer) return writer.error();
    double bits = 0;
    for (const auto& place : rom::tensor_shapes(checkpoint_.config())) {
      const auto tensor = bake_tensor(*writer, place);
      if (!tensor) return tensor.error();
      bits += tensor->bits_per_weight * static_cast<double>(place.weights());
      report_.tensors.push_back(*tensor);
      report_.weights += place.weights();
    }
    writer->replace_added(rom::kProvenance, provenance_section(provenance_).bytes);
    auto written = writer->finish();
    if (!written) return written.error();
    report_.content_hash = written->content_hash;
    report_.file_bytes = written->file_bytes;
    report_.bits_per_weight = bits / static_cast<double>(report_.weights);
    return std::move(report_);
  }

 private:
  base::Result<TensorDistortion> bake_tensor(rom::RomWriter& writer, const rom::TensorShape& place) {
    const auto& format = recipe_.of(place.tensor_class);
    const RowSource source(checkpoint_, place.tensor_class, place.layer, simd_);
    const auto fit = fit_tensor(source, format, sample_seed(place.tensor_class, place.layer), pool_, simd_);
    if (!fit) return fit.error();
    if (auto status = writer.begin_tensor(fit->book.stored()); !status) return status.error();
    Totals totals;
    const bool tied = source.tensor().role != config::role_of(place.tensor_class);  // read before, as the embedding
    SourceHash hash(tied ? 0 : source.rows());
    const auto status = work_.batches(source, [&](std::uint64_t first, std::uint64_t count) -> base::Status {
      batch_.resize(count, source.columns(), format.bits);
      const auto quantise = [&](std::span<const float> rows, std::size_t at, std::size_t n) {
        batch_.quantise(*fit, simd_, rows, at, n);
      };
      auto done = RowBatches::units(source, pool_, first, count, quantise, tied ? nullptr : &hash);
      if (!done) return done;
      totals.add(batch_.fits);
      return writer.append_panels(batch_.codes, batch_.scales, batch_.row_scales);
    });
    if (!status) return status.error();
    if (!tied) provenance_.set_hash(source.tensor().role, place.layer, hash.hex());
    return distortion(place, format.bits, totals);
  }

  static TensorDistortion distortion(const rom::TensorShape& place, int bits, const Totals& totals) {
    rom::RomTensor shape;
    shape.matrix.rows = place.rows;
    shape.matrix.columns = place.columns;
    shape.matrix.bits = bits;
    TensorDistortion out{place.tensor_class, place.layer, shape.bits_per_weight(), 0, totals.max_error};
    if (totals.energy > 0) out.relative_rms = std::sqrt(totals.error / totals.energy);
    return out;
  }

  const checkpoint::Checkpoint& checkpoint_;
  const config::BakeRecipe& recipe_;
  base::ThreadPool& pool_;
  RowBatches work_;
  numerics::Simd simd_ = numerics::best_simd();
  Panels batch_;
  rom::Provenance provenance_;
  BakeReport report_;
};

}  // namespace

base::Result<BakeReport> bake(const checkpoint::Checkpoint& checkpoint, const config::BakeRecipe& recipe,
                              const std::string& output, base::ThreadPool& pool, const base::Progress& progress) {
  return Baker(checkpoint, recipe, pool, progress).run(output);
}

}  // namespace kiln::bake
