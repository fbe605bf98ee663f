#include "trace/trace.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "base/atomic_file.hpp"
#include "trace/encoder.hpp"

namespace kiln::trace {

using base::Cycles;
using program::Unit;

namespace {

constexpr std::size_t kBuffer = 1U << 20;
constexpr std::uint64_t kFirstUnitTrack = 1U << 20;  // after the run's row and one group a stage

std::uint64_t track_of(Unit unit, std::optional<std::uint32_t> stage) {
  const std::uint64_t row = stage ? std::uint64_t{*stage} + 1 : 0;
  return kFirstUnitTrack + row * program::kUnits + static_cast<std::uint64_t>(unit);
}

TraceTrack unit_track(Unit unit, std::optional<std::uint32_t> stage, std::uint64_t parent) {
  return {track_of(unit, stage), parent, false, chip::UnitCycles{unit, stage, {}}.name()};
}

std::string stage_name(std::uint32_t number, const program::Stage& stage) {
  if (stage.layers == 0) return fmt::format("stage {}: head", number);
  if (stage.layers == 1) return fmt::format("stage {}: layer {}", number, stage.first_layer);
  return fmt::format("stage {}: layers {} to {}", number, stage.first_layer, stage.first_layer + stage.layers - 1);
}

/// The rows of cycles_by_unit, a group a stage where there are several.
std::vector<TraceTrack> tracks_of(const program::Dataflow& dataflow) {
  std::vector<TraceTrack> tracks;
  const auto& stages = dataflow.stages();
  for (std::size_t u = 0; u < program::kUnits; ++u) {
    const auto unit = static_cast<Unit>(u);
    if (dataflow.has(unit) && (stages.size() == 1 || program::stageless(unit)))
      tracks.push_back(unit_track(unit, std::nullopt, kRunTrack));
  }
  if (stages.size() == 1) return tracks;
  for (std::uint32_t s = 0; s < stages.size(); ++s) {
    const std::uint64_t group = kRunTrack + 1 + s;
    tracks.push_back({group, kRunTrack, true, stage_name(s, stages[s])});
    for (std::size_t u = 0; u < program::kUnits; ++u) {
      const auto unit = static_cast<Unit>(u);
      if (dataflow.has(s, unit)) tracks.push_back(unit_track(unit, s, group));
    }
  }
  return tracks;
}

std::unique_ptr<TraceEncoder> encoder_for(const std::string& path) {
  if (path.ends_with(".pftrace") || path.ends_with(".perfetto-trace")) return perfetto_encoder();
  if (path.ends_with(".json")) return chrome_encoder();
  return nullptr;
}

}  // namespace

std::string TraceHead::title(const char* unit) const {
  return fmt::format("{} on {}, 1 {} = 1 cycle at {} MHz", model, chip, unit, clock_mhz);
}

std::string span_name(const chip::TraceSpan& span) {
  const chip::Work& work = span.work;
  if (!work.kind) return work.position ? "answer" : "prompt";
  std::string name = span.unit == Unit::Links ? "to " : "";
  name += program::name(*work.kind);
  if (work.array) {
    if (work.kind != program::OpKind::Multiply && work.kind != program::OpKind::Reduce) name += " for";
    name += fmt::format(" {}", program::name(*work.array));
  }
  return name;
}

std::vector<std::pair<std::string, std::uint64_t>> span_figures(const chip::TraceSpan& span) {
  std::vector<std::pair<std::string, std::uint64_t>> figures;
  if (span.work.layer) figures.emplace_back("layer", span.work.layer->value);
  if (span.work.position) figures.emplace_back("token", span.work.position->value);
  figures.emplace_back("user", span.work.user);
  std::array<std::uint64_t, chip::kCycleCategories> cycles{};
  for (const chip::SpanPart& part : span.parts)
    cycles[static_cast<std::size_t>(part.category)] += (part.last - part.first).count();
  for (std::size_t c = 0; c < chip::kCycleCategories; ++c)
    if (cycles[c] > 0)
      figures.emplace_back(fmt::format("{}_cycles", name(static_cast<chip::CycleCategory>(c))), cycles[c]);
  return figures;
}

struct TraceWriter::State {
  base::AtomicFile file;
  std::unique_ptr<TraceEncoder> encoder;
  std::string buffer;
  base::Status status;
  void flush() {
    if (status) status = file.append(buffer);
    buffer.clear();
  }
};

TraceWriter::TraceWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
TraceWriter::TraceWriter(TraceWriter&&) noexcept = default;
TraceWriter& TraceWriter::operator=(TraceWriter&&) noexcept = default;
TraceWriter::~TraceWriter() = default;

base::Result<TraceWriter> TraceWriter::create(const std::string& path) {
  auto encoder = encoder_for(path);
  if (!encoder) {
    return base::Error{fmt::format(
        "the trace's format is unknown from its name {}: an ending .pftrace or .perfetto-trace (Perfetto) or .json "
        "(Chrome) is expected",
        path)};
  }
  auto file = base::AtomicFile::create(path);
  if (!file) return file.error();
  return TraceWriter(std::make_unique<State>(State{*std::move(file), std::move(encoder), {}, {}}));
}

void TraceWriter::begin(const program::Placement& placement) {
  const TraceHead head{placement.model().name, placement.chip().name, placement.chip().clock_mhz};
  state_->encoder->begin(head, tracks_of(placement.dataflow()), state_->buffer);
}

void TraceWriter::add(const chip::TraceSpan& span) {
  state_->encoder->span(track_of(span.unit, span.stage), span, state_->buffer);
  if (state_->buffer.size() >= kBuffer) state_->flush();
}

base::Status TraceWriter::finish(Cycles total) {
  state_->encoder->end(total, state_->buffer);
  state_->flush();
  if (!state_->status) return state_->status;
  return state_->file.commit();
}

}  // namespace kiln::trace
