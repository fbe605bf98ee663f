// Perfetto's protobuf, written by hand. Fields and numbers as in the public schema, protos/perfetto/trace of the
// Perfetto sources (perfetto.dev, Apache-2.0):
//
//   trace.proto              Trace            packet 1
//   trace_packet.proto       TracePacket      timestamp 8, trusted_packet_sequence_id 10, track_event 11,
//                                             interned_data 12, sequence_flags 13, track_descriptor 60
//   track_descriptor.proto   TrackDescriptor  uuid 1, name 2, parent_uuid 5, child_ordering 11, sibling_order_rank 12
//   track_event.proto        TrackEvent       category_iids 3, debug_annotations 4, type 9, name_iid 10, track_uuid 11
//                            EventCategory, EventName   iid 1, name 2
//   debug_annotation.proto   DebugAnnotation  name_iid 1, bool_value 2, uint_value 3, string_value 6
//                            DebugAnnotationName        iid 1, name 2
//   interned_data.proto      InternedData     event_categories 1, event_names 2, debug_annotation_names 3
//
// Wire format: a key is field * 8 + type in base 128, low bits first; type 0 is a number in base 128, type 2 a length
// and that many bytes. Slices are a begin and an end; children are between those of their parent.
#include <map>

#include "trace/encoder.hpp"

namespace kiln::trace {

using base::Cycles;

namespace {

enum class EventType : std::uint64_t { Begin = 1, End = 2 };
constexpr std::uint64_t kExplicitOrder = 3;  // TrackDescriptor.ChildTracksOrdering
constexpr std::uint64_t kStateCleared = 1;   // TracePacket.SequenceFlags: names start afresh
constexpr std::uint64_t kNeedsState = 2;     //   and: names of earlier packets are used
constexpr std::uint64_t kSequence = 1;       // all packets are of one sequence
constexpr std::uint64_t kCategories = 1, kEventNames = 2, kFigureNames = 3;  // kinds of interned names

class Message {
 public:
  Message& number(std::uint32_t field, std::uint64_t value) {
    varint(field * 8ULL);
    varint(value);
    return *this;
  }
  Message& text(std::uint32_t field, std::string_view value) {
    varint(field * 8ULL + 2);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  Message& message(std::uint32_t field, const Message& value) { return text(field, value.bytes_); }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>((value & 0x7F) | 0x80);
    bytes_ += static_cast<char>(value);
  }
  std::string bytes_;
};

class PerfettoEncoder final : public TraceEncoder {
 public:
  void begin(const TraceHead& head, const std::vector<TraceTrack>& tracks, std::string& out) override {
    Message root;
    root.number(1, kRunTrack).text(2, head.title("ns")).number(11, kExplicitOrder);
    packet(Message().message(60, root), kStateCleared, out);
    std::uint64_t rank = 0;
    for (const TraceTrack& track : tracks) {
      Message descriptor;
      descriptor.number(1, track.id).text(2, track.name).number(5, track.parent);
      if (track.group) descriptor.number(11, kExplicitOrder);
      descriptor.number(12, rank++);
      packet(Message().message(60, descriptor), 0, out);
    }
    Message run = named(EventType::Begin, kRunTrack, "run", "run");
    annotate_text(run, "model", head.model);
    annotate_text(run, "chip", head.chip);
    annotate(run, "clock_mhz", head.clock_mhz);
    annotate_text(run, "time_unit", "1 ns of this trace is 1 clock cycle of the chip");
    event(Cycles(0), run, out);
  }

  void span(std::uint64_t track, const chip::TraceSpan& span, std::string& out) override {
    Message whole = named(EventType::Begin, track, "work", span_name(span));
    for (const auto& [name, value] : span_figures(span)) annotate(whole, name, value);
    event(span.first, whole, out);
    for (const chip::SpanPart& part : span.parts) {
      Message begin = named(EventType::Begin, track, "cause", chip::name(part.category));
      if (part.gathered) begin.message(4, Message().number(1, intern(kFigureNames, "gathered")).number(2, 1));
      event(part.first, begin, out);
      event(part.last, bare(EventType::End, track), out);
    }
    event(span.last, bare(EventType::End, track), out);
  }

  void end(Cycles total, std::string& out) override { event(total, bare(EventType::End, kRunTrack), out); }

 private:
  static Message bare(EventType type, std::uint64_t track) {
    return Message().number(9, static_cast<std::uint64_t>(type)).number(11, track);
  }
  Message named(EventType type, std::uint64_t track, std::string_view category, std::string_view name) {
    return bare(type, track).number(3, intern(kCategories, category)).number(10, intern(kEventNames, name));
  }
  void annotate(Message& event, std::string_view name, std::uint64_t value) {
    event.message(4, Message().number(1, intern(kFigureNames, name)).number(3, value));
  }
  void annotate_text(Message& event, std::string_view name, std::string_view value) {
    event.message(4, Message().number(1, intern(kFigureNames, name)).text(6, value));
  }
  /// The name's number; a new one is sent with the next packet.
  std::uint64_t intern(std::uint64_t kind, std::string_view name) {
    auto& known = names_[kind - 1];
    if (const auto found = known.find(name); found != known.end()) return found->second;
    const std::uint64_t iid = known.size() + 1;
    known.emplace(name, iid);
    new_names_.message(static_cast<std::uint32_t>(kind), Message().number(1, iid).text(2, name));
    return iid;
  }
  void event(Cycles at, const Message& event, std::string& out) {
    packet(Message().number(8, at.count()).message(11, event), kNeedsState, out);
  }
  void packet(Message content, std::uint64_t flags, std::string& out) {
    content.number(10, kSequence);
    if (flags != 0) content.number(13, flags);
    if (!new_names_.bytes().empty()) content.message(12, std::exchange(new_names_, {}));
    out += Message().message(1, content).bytes();
  }

  std::map<std::string, std::uint64_t, std::less<>> names_[3];
  Message new_names_;
};

}  // namespace

std::unique_ptr<TraceEncoder> perfetto_encoder() { return std::make_unique<PerfettoEncoder>(); }

}  // namespace kiln::trace
