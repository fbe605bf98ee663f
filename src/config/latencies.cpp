#include "kiln/config/latencies.hpp"

#include "config/errors.hpp"
#include "config/fields.hpp"

namespace kiln::config {
namespace {

/// Knows latencies and objects, and leaves all else as it is.
class LatencyVisitor : public FieldVisitor {
 public:
  explicit LatencyVisitor(const std::function<void(const std::string&, std::uint32_t&)>& visit) : visit_(visit) {}

  bool latency(std::string_view key, std::uint32_t& value, Integers, Need) override {
    visit_(join_pointer(pointer_, key), value);
    return true;
  }
  bool integer(std::string_view, std::uint32_t&, std::string_view, Integers, Need) override { return true; }
  bool real(std::string_view, double&, std::string_view, Reals, Need) override { return true; }
  bool flag(std::string_view, bool&, Need) override { return true; }
  bool text(std::string_view, std::string&, Text, Need) override { return true; }
  bool one_of(std::string_view, int&, std::string_view, std::span<const int>, Need) override { return true; }
  bool word(std::string_view, std::size_t&, std::span<const std::string_view>, Need) override { return true; }
  bool notes(std::string_view, std::map<std::string, std::string>&) override { return true; }
  bool object(std::string_view key, const std::function<void()>& fields, Need) override {
    const std::string outer = pointer_;
    pointer_ = join_pointer(outer, key);
    fields();
    pointer_ = outer;
    return true;
  }
  bool object_or_null(std::string_view key, bool& present, const std::function<void()>& fields, Need need) override {
    return present && object(key, fields, need);
  }
  bool object_or_auto(std::string_view key, const std::function<void()>& fields) override {
    return object(key, fields, Need::Required);
  }
  bool alternative(std::string_view key, bool& given, bool, const std::function<void()>& fields) override {
    return given && object(key, fields, Need::Optional);
  }
  bool variant(std::string_view key, bool& given, std::string_view, const std::function<void()>& fields) override {
    return given && object(key, fields, Need::Optional);
  }
  [[nodiscard]] bool takes_shorthand() const override { return false; }

 private:
  const std::function<void(const std::string&, std::uint32_t&)>& visit_;
  std::string pointer_;
};

}  // namespace

void for_each_latency(ChipConfig& chip,
                      const std::function<void(const std::string& pointer, std::uint32_t& value)>& visit) {
  LatencyVisitor visitor(visit);
  describe(visitor, chip);
}

std::vector<std::string> automatic_latencies(ChipConfig chip) {
  std::vector<std::string> found;
  for_each_latency(chip, [&](const std::string& pointer, const std::uint32_t& value) {
    if (value == kAutomatic) found.push_back(pointer);
  });
  return found;
}

}  // namespace kiln::config
