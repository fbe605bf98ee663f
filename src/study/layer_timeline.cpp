#include "kiln/study/layer_timeline.hpp"

#include <algorithm>

#include "host/run.hpp"

namespace kiln::study {
namespace {

void move_back(base::Cycles by, chip::TraceSpan& span) {
  span.first = span.first - by;
  span.last = span.last - by;
  for (auto& part : span.parts) {
    part.first = part.first - by;
    part.last = part.last - by;
  }
}

}  // namespace

base::Result<LayerTimeline> layer_timeline(const program::Placement& placement, std::uint64_t context) {
  base::check(context >= 1 && context <= placement.kv().capacity_tokens, "timeline: the token has a place");
  LayerTimeline timeline;
  timeline.context = context;
  timeline.layer = placement.model().layers / 2;
  chip::UserRequest user;
  user.prompt.assign(1, 0);
  user.cached_prefix = context - 1;
  chip::RunRequest request;
  request.users.push_back(std::move(user));
  request.on_span = [&](const chip::TraceSpan& span) {
    if (span.work.layer && span.work.layer->value == timeline.layer) timeline.spans.push_back(span);
  };
  if (const auto can = chip::check(placement, request); !can) return can.error();
  const auto ran = host::run(placement, request);
  if (!ran) return ran.error();
  if (ran->mismatch) return base::Error{*ran->mismatch};
  auto& spans = timeline.spans;
  base::check(!spans.empty(), "timeline: a layer has operations");
  std::ranges::stable_sort(spans, {}, &chip::TraceSpan::first);
  const base::Cycles begin = spans.front().first;
  for (auto& span : spans) {
    move_back(begin, span);
    timeline.cycles = std::max(timeline.cycles, span.last);
  }
  return timeline;
}

}  // namespace kiln::study
