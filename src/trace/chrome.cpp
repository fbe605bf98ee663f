// Chrome's trace event format: complete events ("X") with ts and dur, and metadata events ("M") that name processes and
// threads. A process is a group of rows, a thread a row.
#include <fmt/format.h>

#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "trace/encoder.hpp"

namespace kiln::trace {

using base::Cycles;

namespace {

using Json = nlohmann::ordered_json;

class ChromeEncoder final : public TraceEncoder {
 public:
  void begin(const TraceHead& head, const std::vector<TraceTrack>& tracks, std::string& out) override {
    const Json about{{"model", head.model},
                     {"chip", head.chip},
                     {"clock_mhz", head.clock_mhz},
                     {"time_unit", "1 us of this trace is 1 clock cycle of the chip"}};
    out += R"({"displayTimeUnit":"ms","otherData":)" + about.dump() + ",\"traceEvents\":[\n";
    process(kRunTrack, head.title("us"), 0, out);
    thread(kRunTrack, kRunTrack, "run", 0, out);
    std::uint64_t rank = 0;
    for (const TraceTrack& track : tracks) {
      ++rank;
      if (track.group) {
        process(track.id, track.name, rank, out);
      } else {
        group_of_[track.id] = track.parent;
        thread(track.parent, track.id, track.name, rank, out);
      }
    }
  }

  void span(std::uint64_t track, const chip::TraceSpan& span, std::string& out) override {
    const std::uint64_t group = group_of_.at(track);
    begin_event(span_name(span), "work", group, track, span.first, span.last, out);
    char separator = '{';
    out += ",\"args\":";
    for (const auto& [name, value] : span_figures(span)) {
      fmt::format_to(std::back_inserter(out), "{}\"{}\":{}", separator, name, value);
      separator = ',';
    }
    out += "}},\n";
    for (const chip::SpanPart& part : span.parts) {
      begin_event(chip::name(part.category), "cause", group, track, part.first, part.last, out);
      out += part.gathered ? ",\"args\":{\"gathered\":true}},\n" : "},\n";
    }
  }

  void end(Cycles total, std::string& out) override {
    begin_event("run", "run", kRunTrack, kRunTrack, Cycles(0), total, out);
    out += "}\n]}\n";
  }

 private:
  static void begin_event(std::string_view name, std::string_view category, std::uint64_t group, std::uint64_t track,
                          Cycles first, Cycles last, std::string& out) {
    fmt::format_to(std::back_inserter(out), R"({{"name":"{}","cat":"{}","ph":"X","pid":{},"tid":{},"ts":{},"dur":{})",
                   name, category, group, track, first.count(), (last - first).count());
  }
  static void metadata(const char* what, std::uint64_t group, std::uint64_t track, const Json& args, std::string& out) {
    out += Json{{"name", what}, {"ph", "M"}, {"pid", group}, {"tid", track}, {"args", args}}.dump() + ",\n";
  }
  static void process(std::uint64_t group, const std::string& name, std::uint64_t rank, std::string& out) {
    metadata("process_name", group, 0, {{"name", name}}, out);
    metadata("process_sort_index", group, 0, {{"sort_index", rank}}, out);
  }
  static void thread(std::uint64_t group, std::uint64_t track, const std::string& name, std::uint64_t rank,
                     std::string& out) {
    metadata("thread_name", group, track, {{"name", name}}, out);
    metadata("thread_sort_index", group, track, {{"sort_index", rank}}, out);
  }
  std::map<std::uint64_t, std::uint64_t> group_of_;
};

}  // namespace

std::unique_ptr<TraceEncoder> chrome_encoder() { return std::make_unique<ChromeEncoder>(); }

}  // namespace kiln::trace
